"""Has anything changed since the reference period, and in which columns?

The data are monthly returns of five companies and two indices since 1990, from the prices that come
with matplotlib. The nineties are the reference, and every later stretch of three years is compared
with them by KL(now‖reference). What counts as far? Three years of the nineties compared with the
other seven: of all 120 ways to choose them, one in twenty lies above the threshold. Whole years are
chosen, not months: months of one year resemble each other, and a threshold from shuffled months
would be too low. The moments of a year are gathered once, and `+` merges them.
"""

from functools import reduce
from itertools import combinations
from operator import add

import numpy as np
import pandas as pd
from matplotlib.cbook import get_sample_data

import gaussmetrics as gm

COLUMNS = ["IBM", "AAPL", "MSFT", "XRX", "ADBE", "^GSPC", "^IXIC"]
NINETIES = range(1990, 2000)


def monthly_returns():
    path = get_sample_data("Stocks.csv", asfileobj=False)
    prices = pd.read_csv(path, comment="#", parse_dates=["Date"])
    first_of_month = prices[prices["Date"].dt.day == 1].set_index("Date")
    return 100 * np.log(first_of_month[COLUMNS]).diff().dropna()  # in percent


def law(years):
    moments = reduce(add, [year[y] for y in years])
    return gm.Gaussian(moments.mean, moments.covariance())


def by_column(p, q):
    return np.array([gm.kl_divergence(p.marginal(i), q.marginal(i)) for i in range(p.dim)])


def described(p, i):
    return f"{p.mean[i]:5.1f} ± {np.sqrt(p.cov[i, i]):4.1f}"


returns = monthly_returns()
year = {y: gm.Moments.from_samples(rows) for y, rows in returns.groupby(returns.index.year)}
within = [
    gm.kl_divergence(law(three), law(set(NINETIES) - set(three)))
    for three in combinations(NINETIES, 3)
]
threshold = np.quantile(within, 0.95)
reference = law(NINETIES)

print(f"KL from the nineties, in nats; above {threshold:.2f} is drift")
for start in range(2000, 2021, 3):
    now = law(range(start, start + 3))
    distance = gm.kl_divergence(now, reference)
    most = [COLUMNS[i] for i in np.argsort(-by_column(now, reference))[:2]]
    verdict = f"drift, most of it in {' and '.join(most)}" if distance > threshold else ""
    print(f"  {start} to {start + 2}  {distance:5.2f}  {verdict}".rstrip())

print("\n2000 to 2002 column by column: KL, and the monthly return in percent, before → then")
crash = law([2000, 2001, 2002])
for i in np.argsort(-by_column(crash, reference)):
    change = f"{described(reference, i)} → {described(crash, i)}"
    print(f"  {COLUMNS[i]:12}  {by_column(crash, reference)[i]:5.2f}  {change}")
print("\nAnd all columns together:", gm.explain(gm.kl_divergence, crash, reference))

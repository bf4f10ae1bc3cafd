"""Has anything changed since the reference period, and in which columns?

The data are monthly returns of five companies and two indices since 1990, from the prices that come
with matplotlib. The nineties are the reference, and every later stretch of three years is compared
with them by KL(now‖reference). What counts as far? Were nothing different, any three of these
thirteen years might be the later ones: `gm.equality_test` deals the years anew and tells how often
the divergence is as large. Whole years are dealt, not months: months of one year resemble each
other, and months dealt one by one would find drift too often. For a nightly job, where the
reference is saved once, see docs/how-to/drift.md.
"""

import numpy as np
import pandas as pd
from matplotlib.cbook import get_sample_data

import gaussmetrics as gm

COLUMNS = ["IBM", "AAPL", "MSFT", "XRX", "ADBE", "^GSPC", "^IXIC"]


def monthly_returns():
    path = get_sample_data("Stocks.csv", asfileobj=False)
    prices = pd.read_csv(path, comment="#", parse_dates=["Date"])
    first_of_month = prices[prices["Date"].dt.day == 1].set_index("Date")
    return 100 * np.log(first_of_month[COLUMNS]).diff().dropna()  # in percent


def by_column(p, q):
    return np.array([gm.kl_divergence(p.marginal(i), q.marginal(i)) for i in range(p.dim)])


def described(p, i):
    return f"{p.mean[i]:5.1f} ± {np.sqrt(p.cov[i, i]):4.1f}"


def between(first, last):
    return returns.loc[str(first) : str(last)]


returns = monthly_returns()
nineties = between(1990, 1999)
reference = gm.Gaussian.from_samples(nineties)

print("KL from the nineties, in nats, and how often dealt years are as far apart")
for start in range(2000, 2021, 3):
    months = between(start, start + 2)
    now = gm.Gaussian.from_samples(months)
    years = months.index.year, nineties.index.year
    test = gm.equality_test(months, nineties, statistic=gm.kl_divergence, groups=years, rng=0)
    most = [COLUMNS[i] for i in np.argsort(-by_column(now, reference))[:2]]
    verdict = f"drift, most of it in {' and '.join(most)}" if test.p_value <= 0.05 else ""
    print(
        f"  {start} to {start + 2}  {test.statistic:5.2f}  {test.p_value:.3f}  {verdict}".rstrip()
    )

print("\n2000 to 2002 column by column: KL, and the monthly return in percent, before → then")
crash = gm.Gaussian.from_samples(between(2000, 2002))
for i in np.argsort(-by_column(crash, reference)):
    change = f"{described(reference, i)} → {described(crash, i)}"
    print(f"  {COLUMNS[i]:12}  {by_column(crash, reference)[i]:5.2f}  {change}")
print("\nAnd all columns together:", gm.explain(gm.kl_divergence, crash, reference))

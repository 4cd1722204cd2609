# What every run costs.
1

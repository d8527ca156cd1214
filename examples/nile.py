"""A state-space model: the level of the Nile at Aswan, 1871 to 1970, as a random walk seen through noise.

The state is summed out by a Kalman filter, :class:`pyro.distributions.GaussianHMM`, and the two variances are fitted by
maximum likelihood. The last table compares them with those of J. Durbin and S. J. Koopman (2012), *Time series analysis
by state space methods*, section 2.10, whose 100 yearly flows these are.
"""

from collections.abc import Sequence

import torch
from report import fit, options
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

FLOW = """
1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140 1100 1210 1150 1250 1260
1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969 831 726 456 824 702 1120 1100 832 764 821 768 845 864
862 698 845 744 796 1040 759 781 865 845 944 984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 744 749
838 1050 918 986 797 923 975 815 1020 906 901 1170 912 746 919 718 714 740
"""
UNIT = 100.0  # computed in hundreds
PUBLISHED = {"noise": 15099.0, "level": 1469.1}


def model(flow: Tensor) -> None:
    noise = pyro.param("noise", torch.tensor(1.0), constraint=constraints.positive)
    level = pyro.param("level", torch.tensor(1.0), constraint=constraints.positive)
    one = torch.eye(1)
    before = dist.MultivariateNormal(torch.zeros(1), 1e3 * one)
    step = dist.MultivariateNormal(torch.zeros(1), level * one)
    seen = dist.MultivariateNormal(torch.zeros(1), noise * one)
    pyro.sample("flow", dist.GaussianHMM(before, one, step, one, seen, duration=len(flow)), obs=flow.unsqueeze(-1))


def guide(flow: Tensor) -> None:
    """Nothing is left to guess: the level is summed out."""


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    flow = torch.tensor([float(word) for word in FLOW.split()]) / UNIT
    if args.smoke_test:
        flow = flow[:8]

    def make() -> SVI:
        return SVI(model, guide, Adam({"lr": 0.05}), Trace_ELBO())

    fit(make, 3 if args.smoke_test else 600, flow)
    print("variance   fitted  published")
    for name, published in PUBLISHED.items():
        print(f"{name:8s} {pyro.param(name).item() * UNIT**2:8.0f} {published:10.0f}")


if __name__ == "__main__":
    main()

"""examples/ethers as its README says."""

import javascript

javascript.check("ethers", tests=4)

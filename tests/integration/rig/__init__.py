# SPDX-License-Identifier: Apache-2.0
"""What the scenario tests stand on: a real broker, a proxy before it, the agent, and an oracle."""

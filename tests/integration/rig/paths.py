# SPDX-License-Identifier: Apache-2.0
"""Where things are. WAYBILL_BIN names another binary: a sanitizer build, a mutant.

Each of several processes that share out the tests (pytest -n) has its own directory, and so its own
Kafka."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"
WAYBILL = Path(os.environ.get("WAYBILL_BIN", BUILD / "waybill")).absolute()
KAFKA_LIB = BUILD / "kafka" / "lib"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1 ...
WORK = BUILD / "it" / WORKER

# SPDX-License-Identifier: Apache-2.0
"""Commands that run another one as somebody for whom the modes of files mean something.

Root without the capabilities to overlook modes is like anybody else with his own files, so most
tests need no other user. The bounding set alone does not take them away: exec gives root what is
in it or is inheritable, and containers (systemd-nspawn, podman) make all that they leave inheritable.
What is not inheritable is not ambient either.

Another user may not even be able to reach the program: a clone under /root is closed to him. Give
him a copy in a directory of pytest's, and open that.
"""

import os
import pwd

ROOT = os.geteuid() == 0
_OVERLOOK = "-dac_override,-dac_read_search"
UNPRIVILEGED = ["setpriv", f"--inh-caps={_OVERLOOK}", f"--bounding-set={_OVERLOOK}"] if ROOT else []

# Whoever is not root cannot become somebody else, but can shut himself out of his own files.
OTHER_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if ROOT else []
OTHER_NAME = "nobody" if ROOT else pwd.getpwuid(os.geteuid()).pw_name

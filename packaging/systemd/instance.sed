# SPDX-License-Identifier: Apache-2.0
# waybill.service → waybill@.service: several clusters on one host, each with a directory of its own
# in /etc/waybill (a file beside waybill.conf would share its conf.d) and in /var/lib/waybill; in /run
# beside that of waybill.service, whose end takes its own away with all that is in it.
2s/.*/# Instance NAME reads \/etc\/waybill\/NAME\/waybill.conf and the conf.d beside it./
s/^Description=.*/& (%i)/
s/^\(Exec[A-Z].*\)\/waybill\.conf$/\1\/%i\/waybill.conf --state-dir %S\/waybill\/%i/
s/^StateDirectory=waybill$/&\/%i/
s/^RuntimeDirectory=waybill$/&-%i/

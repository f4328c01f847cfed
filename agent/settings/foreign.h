/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_FOREIGN_H
#define SETTINGS_FOREIGN_H

/* What a setting of another agent is here: words for behind "unknown key"; NULL: no idea. */
const char *foreign_hint(const char *name);

#endif

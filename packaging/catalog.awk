# SPDX-License-Identifier: Apache-2.0
# What journalctl -x says beside each message, in the journal's catalog format (systemd.catalog):
#   awk -f packaging/catalog.awk agent/ops/messages.c docs/messages.md
# A heading, its sentence and its paragraphs; the marks of Markdown are left out.
FNR == 1 { files++ }

files == 1 && match($0, /^\t\{"[a-z-]+", "[0-9a-f]+"\}/) {
	split($0, part, "\"")
	journal_id[part[2]] = part[4]
}

files == 2 && /^## / {
	printf "%s-- %s\n", (entries++ ? "\n" : ""), journal_id[$2]
	subject = 1
	next
}

files == 2 && entries && subject && NF {
	sub(/\.$/, "")
	print "Subject: " $0
	print "Defined-By: waybill"
	print "Documentation: man:waybill(8)"
	subject = 0
	next
}

files == 2 && entries {
	gsub(/[*`]/, "")
	# One empty line between paragraphs, none behind the last.
	if (NF && empty)
		print ""
	if (NF)
		print
	empty = !NF
}

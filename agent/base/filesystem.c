/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify tells of what this kernel does, so a write from another host is never told. The numbers
 * are those of statfs(2); an unknown one is believed until a file says otherwise (files/poll.c).
 * overlayfs is not in the table: nearly every container lies on one, and what is written through it
 * is told. Behind its back it is not, and experience finds that.
 */
#include "base/filesystem.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/vfs.h>

#include "base/result.h"

#define OVERLAY_MAGIC 0x794c7630

static const struct kind {
	uint32_t magic;
	const char *name;
} kinds[] = {
	{0x6969, "NFS"},       {0xff534d42, "CIFS"},   {0xfe534d42, "SMB"},    {0x517b, "SMB"},
	{0x65735546, "FUSE"},  {0x01021997, "9p"},     {0x00c36400, "Ceph"},   {0x5346414f, "AFS"},
	{0x6b414653, "AFS"},   {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},   {0x01161970, "GFS2"},
	{0x7461636f, "OCFS2"}, {0x786f4256, "vboxsf"}, {0xbacbacbc, "vmhgfs"}, {0x73757245, "Coda"},
	{0x20030528, "PVFS2"}, {0x19830326, "BeeGFS"},
};

const char *filesystem_unseen(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((uint32_t)fs.f_type == kinds[i].magic)
			return kinds[i].name;
	return NULL;
}

bool filesystem_copies_up(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == OVERLAY_MAGIC;
}

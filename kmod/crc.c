// SPDX-License-Identifier: GPL-2.0-only
/* CRC32C, by the kernel's fastest implementation. */
#include <linux/crc32c.h>

#include "deltascope.h"

u32 ds_crc32c(u32 crc, const void *bytes, size_t length)
{
	return crc32c(crc, bytes, length);
}

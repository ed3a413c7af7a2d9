// SPDX-License-Identifier: GPL-2.0-only
/*
 * The prototypes of the hooked functions, as the running kernel's BTF has them.
 *
 * A handler takes the arguments out of registers. On a kernel that has changed
 * them it would follow a pointer that is none. Functions in public headers are
 * compared when this module is built (static_assert beside the handlers); one
 * of the hooks is in no header, and a module may be loaded into another build
 * of a kernel than the one whose headers it was built with.
 *
 * A prototype is written as text: the result, then the arguments; `*name` is a
 * pointer to it, a number is an integer of that many bytes.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/btf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "deltascope.h"

#define TEXT_BYTES 128
/* Pointers, qualifiers and typedefs on the way to a type. */
#define DEPTH 16

static const struct {
	const char *function, *prototype;
} expected[] = {
	{ "ptep_clear_flush", "pte_t(*vm_area_struct,8,*pte_t)" },
	{ "unmap_page_range", "void(*mmu_gather,*vm_area_struct,8,8,*zap_details)" },
	{ "__zap_vma_range", "void(*mmu_gather,*vm_area_struct,8,8,*zap_details)" },
	{ "exit_mmap", "void(*mm_struct)" },
	{ "tcp_sendmsg_locked", "4(*sock,*msghdr,8)" },
	{ "mptcp_sendmsg", "4(*sock,*msghdr,8)" },
};

struct types {
	void *file;
	size_t bytes;
	const struct btf_type **types;
	u32 count;
	const char *names;
	u32 name_bytes;
};

static size_t size_of(const struct btf_type *type)
{
	u32 count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(*type) + sizeof(u32);
	case BTF_KIND_ARRAY:
		return sizeof(*type) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(*type) + count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return sizeof(*type) + count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return sizeof(*type) + count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(*type) + count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return sizeof(*type) + count * sizeof(struct btf_var_secinfo);
	default:
		return sizeof(*type);
	}
}

/* Numbers the types; with `types` empty only counts them. */
static int walk(struct types *all, const void *from, const void *end)
{
	u32 count = 1;

	while (from + sizeof(struct btf_type) <= end) {
		const struct btf_type *type = from;

		if (from + size_of(type) > end)
			return -EINVAL;
		if (all->types)
			all->types[count] = type;
		count++;
		from += size_of(type);
	}
	all->count = count;
	return 0;
}

static int index_types(struct types *all)
{
	const struct btf_header *header = all->file;
	const void *from, *end;
	int error;

	if (all->bytes < sizeof(*header) || header->magic != BTF_MAGIC || header->hdr_len > all->bytes ||
	    header->type_off > all->bytes - header->hdr_len ||
	    header->type_len > all->bytes - header->hdr_len - header->type_off ||
	    header->str_off > all->bytes - header->hdr_len || !header->str_len ||
	    header->str_len > all->bytes - header->hdr_len - header->str_off)
		return -EINVAL;
	from = all->file + header->hdr_len + header->type_off;
	end = from + header->type_len;
	all->names = all->file + header->hdr_len + header->str_off;
	all->name_bytes = header->str_len;
	if (all->names[all->name_bytes - 1])
		return -EINVAL;
	error = walk(all, from, end);
	if (error)
		return error;
	all->types = vzalloc(array_size(all->count, sizeof(*all->types)));
	return all->types ? walk(all, from, end) : -ENOMEM;
}

static const char *name_of(const struct types *all, const struct btf_type *type)
{
	return type->name_off < all->name_bytes ? all->names + type->name_off : "?";
}

/* Appends a type to a text. */
static void write_type(const struct types *all, u32 id, char *text)
{
	const char *alias = "?";
	char number[12];
	int depth;

	for (depth = 0; depth < DEPTH; depth++) {
		const struct btf_type *type;

		if (!id || id >= all->count) {
			strlcat(text, id ? "?" : "void", TEXT_BYTES);
			return;
		}
		type = all->types[id];
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_PTR:
			strlcat(text, "*", TEXT_BYTES);
			break;
		case BTF_KIND_TYPEDEF:
			alias = name_of(all, type);
			break;
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			break;
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
			snprintf(number, sizeof(number), "%u", type->size);
			strlcat(text, number, TEXT_BYTES);
			return;
		default:
			strlcat(text, type->name_off ? name_of(all, type) : alias, TEXT_BYTES);
			return;
		}
		id = type->type;
	}
}

static void write_prototype(const struct types *all, const struct btf_type *prototype, char *text)
{
	const struct btf_param *params = (const void *)(prototype + 1);
	u32 i;

	write_type(all, prototype->type, text);
	strlcat(text, "(", TEXT_BYTES);
	for (i = 0; i < BTF_INFO_VLEN(prototype->info); i++) {
		strlcat(text, i ? "," : "", TEXT_BYTES);
		write_type(all, params[i].type, text);
	}
	strlcat(text, ")", TEXT_BYTES);
}

static int compare(const struct types *all)
{
	u32 id;
	size_t i;

	for (id = 1; id < all->count; id++) {
		const struct btf_type *function = all->types[id];
		char text[TEXT_BYTES] = "";

		if (BTF_INFO_KIND(function->info) != BTF_KIND_FUNC || function->type >= all->count)
			continue;
		for (i = 0; i < ARRAY_SIZE(expected); i++) {
			if (strcmp(name_of(all, function), expected[i].function))
				continue;
			write_prototype(all, all->types[function->type], text);
			if (!strcmp(text, expected[i].prototype))
				break;
			pr_err("refused: %s: expected %s, found %s in this kernel\n", expected[i].function,
			       expected[i].prototype, text);
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

static int read_file(struct types *all, const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	loff_t at = 0;
	ssize_t got = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	all->bytes = i_size_read(file_inode(file));
	all->file = all->bytes ? vmalloc(all->bytes) : NULL;
	while (all->file && at < all->bytes) {
		got = kernel_read(file, all->file + at, all->bytes - at, &at);
		if (got <= 0)
			break;
	}
	filp_close(file, NULL);
	if (!all->file)
		return -ENOMEM;
	return at == all->bytes ? 0 : -EIO;
}

int ds_prototypes_check(const char *path)
{
	struct types all = { };
	int error = read_file(&all, path);

	if (error == -ENOENT) {
		pr_info("no %s: the hooks are trusted to be those of the headers that this was built with\n", path);
		return 0;
	}
	error = error ?: index_types(&all);
	if (error)
		pr_err("refused: %s is no BTF that can be read (error %d)\n", path, error);
	error = error ?: compare(&all);
	vfree(all.types);
	vfree(all.file);
	return error;
}

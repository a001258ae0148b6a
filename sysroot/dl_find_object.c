/* _dl_find_object for musl: what Debian's libgcc_eh asks its C library while it unwinds the stack.
 *
 * It is glibc's (its manual, "Dynamic Linker Introspection"); we answer from dl_iterate_phdr, which
 * musl has. This object is added to libgcc_eh.a, and seen nowhere else.
 *
 * libgcc_eh's references to threads are weak: a static program could have some of these functions
 * and not others, and the unwinder would take the first that it finds for proof of all. Whoever
 * unwinds has all of them.
 */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* As glibc's <dlfcn.h> lays it out on x86_64; reserved for its later versions. */
struct dl_find_object {
	unsigned long long flags;
	void *map_start;
	void *map_end;
	struct link_map *link_map;
	void *eh_frame;
	unsigned long long reserved[7];
};

struct search {
	uintptr_t address;
	struct dl_find_object *found;
};

__attribute__((used)) static void *const threads[] = {
	pthread_getspecific, pthread_key_create, pthread_mutex_lock, pthread_mutex_unlock,
	pthread_once,	     pthread_setspecific,
};

/* dl_iterate_phdr's callback: 1 if the object has the address, which ends the iteration. */
static int look_at(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct search *search = argument;
	uintptr_t start = UINTPTR_MAX, end = 0, eh_frame = 0;
	int inside = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t first = info->dlpi_addr + segment->p_vaddr;
		uintptr_t behind = first + segment->p_memsz;

		if (segment->p_type == PT_GNU_EH_FRAME)
			eh_frame = first;
		if (segment->p_type != PT_LOAD)
			continue;
		inside |= search->address >= first && search->address < behind;
		start = first < start ? first : start;
		end = behind > end ? behind : end;
	}
	if (!inside)
		return 0;
	*search->found = (struct dl_find_object){
		.map_start = (void *)start,
		.map_end = (void *)end,
		.eh_frame = (void *)eh_frame,
	};
	return 1;
}

/* Find the loaded object that holds `address`: its extent and its PT_GNU_EH_FRAME, but no link map.
 * 0, or -1 if there is none, or none with unwind information. Any thread, at any time. */
__attribute__((visibility("hidden"))) int _dl_find_object(void *address,
							  struct dl_find_object *found)
{
	struct search search = {(uintptr_t)address, found};

	return dl_iterate_phdr(look_at, &search) && found->eh_frame ? 0 : -1;
}

/*
 * The vDSO in an address space (vdso(7)): the data page, then the image, two areas over frames of
 * the kernel.
 */
#include "abi/errno.h"
#include "abi/mman.h"
#include "arch/vdso.h"
#include "proc/exec_load.h"

static void nothing(struct vm_area *area)
{
	(void)area;
}

static int data_frame(struct vm_area *area, pgoff_t index, paddr_t *out, unsigned *mmu_extra)
{
	if (index)
		return -EFAULT;
	*out = virt_to_phys(vdso_data);
	return 0;
}

static int image_frame(struct vm_area *area, pgoff_t index, paddr_t *out, unsigned *mmu_extra)
{
	if (index >= vdso_size >> PAGE_SHIFT)
		return -EFAULT;
	*out = virt_to_phys(vdso_image + (index << PAGE_SHIFT));
	return 0;
}

static const struct area_source data_source = {
	.get = nothing, .put = nothing, .frame = data_frame,
};
static const struct area_source image_source = {
	.get = nothing, .put = nothing, .frame = image_frame,
};

static int map_part(vaddr_t at, u64 length, u32 flags, u32 fixed, const struct area_source *source,
		    const char *name, vaddr_t *out)
{
	struct map_request req = { .addr = at,
				   .length = length,
				   .map_flags = MAP_PRIVATE | fixed,
				   .source = source,
				   .name = name,
				   .flags = flags | AREA_READ | AREA_MAYREAD | AREA_DEVICE |
					    AREA_SPECIAL | AREA_DONTDUMP };

	return vm_map(aspace_current(), &req, out);
}

int exec_vdso_map(vaddr_t *out)
{
	vaddr_t base, at;
	int error;

	if (!vdso_size) {
		*out = 0;
		return 0;
	}
	error = map_part(0, PAGE_SIZE + vdso_size, 0, 0, &data_source, "[vvar]", &base);
	if (!error)
		error = vm_unmap(aspace_current(), base + PAGE_SIZE, vdso_size);
	if (!error)
		error = map_part(base + PAGE_SIZE, vdso_size, AREA_EXEC | AREA_MAYEXEC, MAP_FIXED,
				 &image_source, "[vdso]", &at);
	*out = base + PAGE_SIZE;
	return error;
}

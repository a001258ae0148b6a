/*
 * The vDSO as the kernel holds it: whole pages of constants that are mapped into each process, and
 * the data page they read.
 */
	.section .rodata.vdso, "a", @progbits
	.balign 4096
	.globl vdso_image
vdso_image:
	.incbin "vdso.so"
	.balign 4096
vdso_image_end:

	.balign 8
	.globl vdso_size
vdso_size:
	.quad vdso_image_end - vdso_image

	.section .data.page_aligned, "aw", @progbits
	.balign 4096
vdso_data_page:
	.skip 4096

	.section .rodata.vdso_pointer, "a", @progbits
	.balign 8
	.globl vdso_data
vdso_data:
	.quad vdso_data_page

	.section .note.GNU-stack, "", @progbits

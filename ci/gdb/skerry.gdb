# gdb's settings for the kernel; read by ci/debug.
set pagination off
set confirm off
set print pretty on
set disassemble-next-line auto
set history save off

# A breakpoint before paging is on has to be a hardware one; break on functions works after that.
define boot-to
	hbreak $arg0
	continue
end
document boot-to
boot-to FUNCTION: run from power-on until the kernel enters FUNCTION.
end

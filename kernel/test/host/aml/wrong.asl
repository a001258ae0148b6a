// Methods Wxxx that must be refused.
DefinitionBlock ("", "DSDT", 1, "SKERRY", "WRONG", 1)
{
    Method (W001, 0) { While (One) { Noop } }
    Method (W002, 0) { Return (W002 ()) }
    Method (W003, 0) { Local0 = 0  Return (1 / Local0) }
    Method (W004, 0) { Return (Local0) }
    Method (W005, 0) { Local0 = Package (2) {1, 2} Return (DerefOf (Local0 [2])) }
    OperationRegion (SMB, SMBus, 0, 0x100)
    Field (SMB, BufferAcc, NoLock, Preserve) { AccessAs (BufferAcc, AttribByte), SMBF, 8 }
    Method (W006, 0) { Return (SMBF) }
    OperationRegion (TINY, SystemMemory, 0x1000, 2)
    Field (TINY, ByteAcc, NoLock, Preserve) { Offset (1), BIG, 16 }
    Method (W007, 0) { Return (BIG) }
    Method (W008, 0) { Local0 = 0x200000 Local1 = Buffer (Local0) {} Return (0) }
    Method (W009, 0) { Sleep (100000) Return (0) }
    Event (EVT0)
    Method (W010, 0) { Return (Wait (EVT0, 0xFFFF)) }
    Mutex (MTX0, 0)
    Method (W011, 0) { Release (MTX0) }
    Name (STR, "abcdefgh")
    Method (W012, 0) { While (One) { STR = Concatenate (STR, STR) } }
    Method (W013, 0)
    {
        Local0 = Package (1) {1}
        While (One) { Local0 [0] = Local0 }
    }
    OperationRegion (BIOS, SystemMemory, 0x90000000, 4)
    Field (BIOS, DWordAcc, NoLock, Preserve) { NOTH, 32 }
    Method (W014, 0) { Return (NOTH) }
    Method (W015, 0) { Fatal (1, 2, 3) }
    Name (W32, 0xFFFFFFFF)
    Method (T001, 0) { W32++  Return (W32) } // integers of 32 bits here
}

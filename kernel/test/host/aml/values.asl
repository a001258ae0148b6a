// Self-checking byte code: each method Txxx returns 0, or the number of the check that failed.
DefinitionBlock ("", "DSDT", 2, "SKERRY", "VALUES", 1)
{
    Name (FAIL, 0)
    Name (NUM, 0)

    Method (BEGN, 0) { FAIL = 0  NUM = 0 }
    Method (CHK, 2)
    {
        NUM++
        If (LAnd (LNotEqual (Arg0, Arg1), LEqual (FAIL, 0))) { FAIL = NUM }
    }

    Method (T001, 0) // arithmetic
    {
        BEGN ()
        CHK (Add (2, 3), 5)
        CHK (Subtract (2, 3), 0xFFFFFFFFFFFFFFFF)
        CHK (Multiply (7, 6), 42)
        Divide (17, 5, Local0, Local1)
        CHK (Local0, 2)
        CHK (Local1, 3)
        CHK (Mod (17, 5), 2)
        CHK (ShiftLeft (1, 40), 0x10000000000)
        CHK (ShiftLeft (1, 64), 0)
        CHK (ShiftRight (0x100, 4), 0x10)
        CHK (And (0xF0, 0x3C), 0x30)
        CHK (Or (0xF0, 0x0F), 0xFF)
        CHK (XOr (0xFF, 0x0F), 0xF0)
        CHK (NAnd (0xFF, 0x0F), 0xFFFFFFFFFFFFFFF0)
        CHK (NOr (0xF0, 0x0F), 0xFFFFFFFFFFFFFF00)
        CHK (Not (0), Ones)
        CHK (FindSetLeftBit (0x90), 8)
        CHK (FindSetRightBit (0x90), 5)
        CHK (FindSetLeftBit (0), 0)
        CHK (FromBCD (0x1234), 1234)
        CHK (ToBCD (1234), 0x1234)
        Local2 = 5
        Local2++
        Local2++
        Local2--
        CHK (Local2, 6)
        Return (FAIL)
    }

    Method (T002, 0) // logic
    {
        BEGN ()
        CHK (LAnd (1, 2), Ones)
        CHK (LAnd (1, 0), 0)
        CHK (LOr (0, 0), 0)
        CHK (LNot (0), Ones)
        CHK (LLess (1, 2), Ones)
        CHK (LGreater (1, 2), 0)
        CHK (LGreaterEqual (2, 2), Ones)
        CHK (LLessEqual (3, 2), 0)
        CHK (LEqual ("abc", "abc"), Ones)
        CHK (LLess ("abc", "abd"), Ones)
        CHK (LLess ("ab", "abc"), Ones)
        CHK (LEqual (Buffer () {1, 2}, Buffer () {1, 2}), Ones)
        CHK (LGreater (Buffer () {2}, Buffer () {1, 2}), Ones)
        CHK (LEqual (0x1A, "1A"), Ones)
        Return (FAIL)
    }

    Method (T003, 0) // flow
    {
        BEGN ()
        Local0 = 0
        Local1 = 0
        While (Local0 < 10)
        {
            Local0++
            If (Local0 == 3) { Continue }
            ElseIf (Local0 == 8) { Break }
            Else { Local1 += Local0 }
        }
        CHK (Local0, 8)
        CHK (Local1, 25)
        Local2 = 0
        While (One)
        {
            While (One)
            {
                Local2++
                If (Local2 > 4) { Break }
            }
            If (Local2 > 6) { Break }
        }
        CHK (Local2, 7)
        Switch (Local2)
        {
            Case (1) { Local3 = 1 }
            Case (Package () {6, 7}) { Local3 = 2 }
            Default { Local3 = 3 }
        }
        CHK (Local3, 2)
        CHK (FACT (10), 3628800)
        Return (FAIL)
    }
    Method (FACT, 1)
    {
        If (Arg0 < 2) { Return (1) }
        Return (Arg0 * FACT (Arg0 - 1))
    }

    Method (T004, 0) // strings and buffers
    {
        BEGN ()
        CHK (Concatenate ("ab", "cd"), "abcd")
        CHK (Concatenate ("x", 0x1F), "x000000000000001F")
        Local5 = Concatenate (1, 2)
        CHK (SizeOf (Local5), 16)
        CHK (Concatenate (Buffer () {1}, Buffer () {2, 3}), Buffer () {1, 2, 3})
        CHK (ToHexString (255), "0xFF")
        CHK (ToDecimalString (255), "255")
        CHK (ToHexString (Buffer () {1, 0xAB}), "0x01,0xAB")
        CHK (ToDecimalString (Buffer () {1, 0xAB}), "1,171")
        CHK (ToInteger ("0x1F"), 31)
        CHK (ToInteger ("31"), 31)
        CHK (ToInteger (Buffer () {1, 2}), 0x201)
        CHK (ToString (Buffer () {0x61, 0x62, 0, 0x63}), "ab")
        CHK (ToString (Buffer () {0x61, 0x62, 0x63}, 2), "ab")
        CHK (ToBuffer ("ab"), Buffer () {0x61, 0x62, 0})
        CHK (Mid ("abcdef", 2, 3), "cde")
        CHK (Mid ("abcdef", 4, 30), "ef")
        CHK (Mid (Buffer () {1, 2, 3}, 1, 1), Buffer () {2})
        Local5 = "abc"
        CHK (SizeOf (Local5), 3)
        Local5 = Buffer (10) {}
        CHK (SizeOf (Local5), 10)
        Local0 = Buffer (4) {1, 2, 3, 4}
        Local1 = Local0
        Local0 [1] = 0x1FF
        CHK (Local0, Buffer () {1, 0xFF, 3, 4})
        CHK (Local1, Buffer () {1, 2, 3, 4})
        CHK (DerefOf (Local0 [3]), 4)
        Local2 = "hello"
        Local2 [0] = 0x6A
        CHK (Local2, "jello")
        Local5 = ConcatenateResTemplate (ResourceTemplate () { IRQNoFlags () {5} },
                                         ResourceTemplate () { IRQNoFlags () {6} })
        CHK (SizeOf (Local5), 8)
        Return (FAIL)
    }

    Name (INT0, 1)
    Name (STR0, "one")
    Name (BUF0, Buffer (4) {})
    Name (PKG0, Package () {1, "two", Buffer () {3}, Package () {4, 5}, LATE, INT0, T001})
    Name (LATE, 77)

    Method (T005, 0) // names, packages, references
    {
        BEGN ()
        INT0 = "FF"
        CHK (INT0, 255)
        STR0 = 0x12
        CHK (STR0, "0000000000000012")
        BUF0 = Buffer () {9, 8, 7, 6, 5}
        CHK (BUF0, Buffer () {9, 8, 7, 6})
        BUF0 = Buffer () {1}
        CHK (BUF0, Buffer () {1, 0, 0, 0})
        CHK (SizeOf (PKG0), 7)
        CHK (DerefOf (PKG0 [1]), "two")
        CHK (DerefOf (DerefOf (PKG0 [3]) [1]), 5)
        CHK (DerefOf (PKG0 [4]), 77)
        CHK (DerefOf (PKG0 [5]), 255)
        Index (DerefOf (PKG0 [3]), 0) = 44
        CHK (DerefOf (DerefOf (PKG0 [3]) [0]), 44)
        Local0 = PKG0
        Local0 [0] = 100
        CHK (DerefOf (PKG0 [0]), 1)
        CHK (DerefOf (Local0 [0]), 100)
        Local1 = RefOf (INT0)
        CHK (DerefOf (Local1), 255)
        SETR (RefOf (INT0), 7)
        CHK (INT0, 7)
        Local6 = "\\LATE"
        CHK (DerefOf (Local6), 77)
        CHK (CondRefOf (NONE, Local2), 0)
        CHK (CondRefOf (LATE, Local2), Ones)
        CHK (DerefOf (Local2), 77)
        CHK (ObjectType (INT0), 1)
        CHK (ObjectType (STR0), 2)
        CHK (ObjectType (BUF0), 3)
        CHK (ObjectType (PKG0), 4)
        CHK (ObjectType (DEV0), 6)
        CHK (ObjectType (T001), 8)
        CHK (ObjectType (MTX0), 9)
        CHK (ObjectType (\_OSI), 8)
        CHK (Match (Package () {1, 5, 9, 12}, MGT, 5, MLT, 12, 0), 2)
        CHK (Match (Package () {1, 5, 9, 12}, MEQ, 5, MTR, 0, 2), Ones)
        CopyObject ("text", INT0)
        CHK (INT0, "text")
        CopyObject (1, INT0)
        CHK (INT0, 1)
        Return (FAIL)
    }
    External (NONE)
    Method (SETR, 2) { Arg0 = Arg1 }
    Mutex (MTX0, 0)
    Event (EVT0)
    Device (DEV0)
    {
        Name (VAL, 5)
        Method (UP, 0) { Return (LATE + VAL + ^VAL + \DEV0.VAL) }
    }
    Alias (\DEV0.VAL, ALIA)

    Method (T006, 0) // scopes, locals names, aliases
    {
        BEGN ()
        CHK (\DEV0.UP (), 92)
        CHK (ALIA, 5)
        ALIA = 6
        CHK (\DEV0.VAL, 6)
        ALIA = 5
        CHK (TEMP (), 3)
        CHK (TEMP (), 3)
        CHK (Acquire (MTX0, 0xFFFF), 0)
        CHK (Acquire (MTX0, 0), 0)
        Release (MTX0)
        Release (MTX0)
        Signal (EVT0)
        CHK (Wait (EVT0, 10), 0)
        CHK (Wait (EVT0, 10), Ones)
        CHK (_OSI ("Windows 2015"), Ones)
        CHK (_OSI ("Linux"), 0)
        Acquire (\_GL, 0xFFFF)
        Release (\_GL)
        Return (FAIL)
    }
    Method (TEMP, 0, Serialized)
    {
        Name (MINE, 1)
        Name (BUFF, Buffer (4) {1, 0, 2, 0})
        CreateWordField (BUFF, 2, WORD)
        Return (MINE + WORD)
    }

    OperationRegion (MEMR, SystemMemory, 0x1000, 0x40)
    Field (MEMR, ByteAcc, NoLock, Preserve)
    {
        F000, 4, F004, 4, Offset (1), F008, 12, , 3, F023, 9, Offset (8), F064, 64, F128, 128
    }
    Field (MEMR, DWordAcc, Lock, WriteAsOnes) { Offset (0x20), G000, 8, G008, 24 }
    Field (MEMR, WordAcc, NoLock, WriteAsZeros) { Offset (0x24), H000, 4, H004, 12 }
    OperationRegion (PORT, SystemIO, 0x70, 2)
    Field (PORT, ByteAcc, NoLock, Preserve) { INDX, 8, DATA, 8 }
    IndexField (INDX, DATA, ByteAcc, NoLock, Preserve) { Offset (0x10), I080, 16, I096, 4, I0A0, 4 }
    Field (MEMR, ByteAcc, NoLock, Preserve) { Offset (0x30), BANK, 8 }
    BankField (MEMR, BANK, 3, ByteAcc, NoLock, Preserve) { Offset (0x31), BNK3, 8 }

    Method (T007, 0) // fields
    {
        BEGN ()
        F000 = 0xA
        F004 = 0x5
        CHK (F000, 0xA)
        CHK (F004, 0x5)
        F008 = 0xABC
        F023 = 0x155
        CHK (F008, 0xABC)
        CHK (F023, 0x155)
        F064 = 0x1122334455667788
        CHK (F064, 0x1122334455667788)
        F128 = Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
        CHK (F128, Buffer () {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
        G000 = 0x12
        CHK (G000, 0x12)
        CHK (G008, 0xFFFFFF)
        H004 = 0x345
        CHK (H004, 0x345)
        CHK (H000, 0)
        I080 = 0xBEEF
        I0A0 = 0xC
        CHK (I080, 0xBEEF)
        CHK (I0A0, 0xC)
        CHK (I096, 0)
        BNK3 = 0x77
        CHK (BANK, 3)
        CHK (BNK3, 0x77)
        Return (FAIL)
    }

    Method (T008, 0) // parts of buffers
    {
        BEGN ()
        Local0 = Buffer (24) {}
        CreateBitField (Local0, 3, BIT3)
        CreateByteField (Local0, 1, BYT1)
        CreateWordField (Local0, 2, WRD2)
        CreateDWordField (Local0, 4, DWD4)
        CreateQWordField (Local0, 8, QWD8)
        CreateField (Local0, 129, 5, FLD0)
        CreateField (Local0, 0, 128, WIDE)
        BIT3 = 1
        BYT1 = 0x22
        WRD2 = 0x4433
        DWD4 = 0x88776655
        QWD8 = 0x0123456789ABCDEF
        FLD0 = 0x1F
        CHK (DerefOf (Local0 [0]), 8)
        CHK (DerefOf (Local0 [16]), 0x3E)
        CHK (QWD8, 0x0123456789ABCDEF)
        CHK (SizeOf (WIDE), 16)
        CHK (DerefOf (WIDE [1]), 0x22)
        CHK (FLD0, 0x1F)
        Return (FAIL)
    }

    Method (T009, 0) // arguments are shared if large
    {
        BEGN ()
        Local0 = Buffer (2) {}
        POKE (Local0)
        CHK (Local0, Buffer () {0x34, 0x12})
        Local1 = 5
        KEEP (Local1)
        CHK (Local1, 5)
        CHK (Local1 = 9, 9)
        Local3 = Package (5) {1}
        CHK (SizeOf (Local3), 5)
        Local2 = 3
        Local3 = Package (Local2) {1}
        CHK (SizeOf (Local3), 3)
        Return (FAIL)
    }
    Method (POKE, 1) { CreateWordField (Arg0, 0, WORD)  WORD = 0x1234 }
    Method (KEEP, 1) { Arg0 = 99  Return (Arg0) }

    If (LEqual (LATE, 77)) { Name (COND, 1) } Else { Name (CNDX, 1) }
    Method (T010, 0) // code of the table itself, time, notifications
    {
        BEGN ()
        CHK (COND, 1)
        CHK (CondRefOf (CNDX), 0)
        Sleep (5)
        Stall (10)
        CHK (LGreaterEqual (Timer, 0), Ones)
        Notify (DEV0, 0x81)
        Local0 = RefOf (DEV0)
        Notify (Local0, 0x82)
        Debug = "said"
        Return (FAIL)
    }
    Processor (CPU0, 1, 0x810, 6) { Name (HERE, 1) }
    PowerResource (PWR0, 0, 0) { Name (HERE, 1) }
    ThermalZone (THM0) { Name (HERE, 1) }
}

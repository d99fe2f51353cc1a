import Polyphony

/// The operations of Python's pickle formats, protocols 0 to 5, under the names of Python's `pickletools`.
enum PickleOpcode: UInt8 {
  // Operations of the structure.
  case proto = 0x80
  case frame = 0x95
  case stop = 0x2E
  case mark = 0x28
  case pop = 0x30
  case pop_mark = 0x31
  case dup = 0x32
  // Operations for constants and numbers.
  case none = 0x4E
  case newtrue = 0x88
  case newfalse = 0x89
  case int = 0x49
  case long = 0x4C
  case float = 0x46
  case binint = 0x4A
  case binint1 = 0x4B
  case binint2 = 0x4D
  case long1 = 0x8A
  case long4 = 0x8B
  case binfloat = 0x47
  // Operations for bytes and text.
  case string = 0x53
  case binstring = 0x54
  case short_binstring = 0x55
  case binbytes = 0x42
  case short_binbytes = 0x43
  case binbytes8 = 0x8E
  case bytearray8 = 0x96
  case unicode = 0x56
  case short_binunicode = 0x8C
  case binunicode = 0x58
  case binunicode8 = 0x8D
  // Operations for containers.
  case empty_list = 0x5D
  case list = 0x6C
  case append = 0x61
  case appends = 0x65
  case empty_tuple = 0x29
  case tuple = 0x74
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case empty_dict = 0x7D
  case dict = 0x64
  case setitem = 0x73
  case setitems = 0x75
  // Operations on the memo.
  case get = 0x67
  case binget = 0x68
  case long_binget = 0x6A
  case put = 0x70
  case binput = 0x71
  case long_binput = 0x72
  case memoize = 0x94
  // Operations for names and calls.
  case global = 0x63
  case stack_global = 0x93
  case reduce = 0x52
  case build = 0x62
  // The reader never executes these: they make objects of any class, or refer to something outside the file.
  case persid = 0x50
  case binpersid = 0x51
  case inst = 0x69
  case obj = 0x6F
  case newobj = 0x81
  case newobj_ex = 0x92
  case ext1 = 0x82
  case ext2 = 0x83
  case ext4 = 0x84
  case empty_set = 0x8F
  case additems = 0x90
  case frozenset = 0x91
  case next_buffer = 0x97
  case readonly_buffer = 0x98

  /// The name in capitals, as in `pickletools`.
  var name: String { "\(self)".uppercased() }
}

import Edge
public import FuzzDriver

/// One input of libFuzzer: how a caller behaves, and the bytes that come on its connection.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  EdgeTrial.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// The entry point.
@_cdecl("FuzzEdge_main")
public func start(_ count: CInt, _ arguments: Arguments?) -> CInt {
  runFuzzer(count, arguments, fuzz)
}

public import FuzzDriver
import Oracles
import Tapping

/// One input of libFuzzer: the body of a batch.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let body = Array(UnsafeBufferPointer(start: start, count: count))
  Oracles.read(body, BatchFormat(.json))
  _ = try? TapBatchAnswer.decode(body, .json)
  return 0
}

/// The entry point.
@_cdecl("FuzzJSON_main")
public func start(_ count: CInt, _ arguments: Arguments?) -> CInt {
  runFuzzer(count, arguments, fuzz)
}

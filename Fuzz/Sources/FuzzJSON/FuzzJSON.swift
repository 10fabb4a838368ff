public import FuzzDriver
import Oracles

/// One input of libFuzzer: the body of a batch.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let findings = ReaderTrial.json.run(Array(UnsafeBufferPointer(start: start, count: count)))
  guard findings.isEmpty else { fatalError("\(findings)") }
  return 0
}

/// The entry point.
@_cdecl("FuzzJSON_main")
public func start(_ count: CInt, _ arguments: Arguments?) -> CInt {
  runFuzzer(count, arguments, fuzz)
}

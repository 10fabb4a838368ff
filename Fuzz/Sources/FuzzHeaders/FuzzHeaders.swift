public import FuzzDriver
import Oracles

/// One input of libFuzzer: lines that stand for the values of headers, and a handshake's text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let findings = ReaderTrial.headers.run(Array(UnsafeBufferPointer(start: start, count: count)))
  guard findings.isEmpty else { fatalError("\(findings)") }
  return 0
}

/// The entry point.
@_cdecl("FuzzHeaders_main")
public func start(_ count: CInt, _ arguments: Arguments?) -> CInt {
  runFuzzer(count, arguments, fuzz)
}

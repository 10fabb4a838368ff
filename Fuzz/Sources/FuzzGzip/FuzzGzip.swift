public import FuzzDriver
import Oracles
import Tapping

/// One input of libFuzzer: a packed body, and the same bytes as content to be packed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let body = Array(UnsafeBufferPointer(start: start, count: count))
  let limit = 10_000
  if let content = try? Gzip.unpack(body, bytesMax: limit) {
    precondition(content.count <= limit, "more was unpacked than allowed")
    let again = try? Gzip.unpack(Gzip.pack(content), bytesMax: limit)
    precondition(again == content, "what was packed is not unpacked")
  }
  let packed = Gzip.pack(body)
  precondition((try? Gzip.unpack(packed, bytesMax: count)) == body, "packed and lost")
  for encoding in BatchEncoding.allCases {
    Oracles.read(body, BatchFormat(encoding, isGzipped: true))
    Oracles.read(packed, BatchFormat(encoding, isGzipped: true))
  }
  return 0
}

/// The entry point.
@_cdecl("FuzzGzip_main")
public func start(_ count: CInt, _ arguments: Arguments?) -> CInt {
  runFuzzer(count, arguments, fuzz)
}

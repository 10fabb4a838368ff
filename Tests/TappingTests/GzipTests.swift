import Basics
import Tapping
import Testing

@Suite struct GzipTests {
  /// A member with stored blocks, as RFC 1952 and 1951 describe it, put together by hand.
  private func member(flags: UInt8 = 0, options: [UInt8] = [], tail: [UInt8]) -> [UInt8] {
    [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 0xFF] + options + tail
  }

  /// "abc" in one stored block, its check sum and its length.
  private let abc: [UInt8] = [
    1, 3, 0, 0xFC, 0xFF, 0x61, 0x62, 0x63, 0xC2, 0x41, 0x24, 0x35, 3, 0, 0, 0,
  ]

  private func fault(of bytes: [UInt8], bytesMax: Int = 1000) -> GzipFault? {
    do throws(GzipFault) {
      _ = try Gzip.unpack(bytes, bytesMax: bytesMax)
      return nil
    } catch {
      return error
    }
  }

  @Test func aMemberPutTogetherByHandIsRead() throws {
    #expect(try Gzip.unpack(member(tail: abc), bytesMax: 3) == Array("abc".utf8))
  }

  @Test(arguments: [0, 1, 100, 65_536, 300_000]) func whatIsPackedIsUnpacked(_ count: Int) throws {
    var world = World(seed: 7)
    let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: world.chance.next()) & 31 }
    let packed = Gzip.pack(bytes)
    #expect(try Gzip.unpack(packed, bytesMax: count) == bytes)
    #expect(Gzip.pack(bytes) == packed)
    if count > 0 { #expect(fault(of: packed, bytesMax: count - 1) == .tooLarge) }
  }

  @Test func aBombIsRefusedAtTheLimit() {
    // 32 MiB of zeros pack into about 32 kB.
    let packed = Gzip.pack([UInt8](repeating: 0, count: 32 << 20), level: 9)
    #expect(packed.count < 50_000)
    #expect(fault(of: packed, bytesMax: TapLimits.bodyBytesMax) == .tooLarge)
    do throws(TapBatchFault) {
      _ = try TapBatchWire.decode(packed, BatchFormat(.json, isGzipped: true))
      Issue.record("a bomb was read")
    } catch {
      #expect(error.kind == .tooLarge)
      #expect(error.code == "body_too_large")
    }
  }

  @Test func everythingElseIsRefused() {
    let good = member(tail: abc)
    #expect(fault(of: []) == .cutOff)
    #expect(fault(of: Array("{\"device\"".utf8)) == .damaged)
    #expect(fault(of: good + [0]) == .trailing)
    #expect(fault(of: good + good) == .trailing)
    #expect(fault(of: member(flags: 8, options: Array("a.json\0".utf8), tail: abc)) == .named)
    #expect(fault(of: member(flags: 16, options: Array("hello\0".utf8), tail: abc)) == .named)
    #expect(fault(of: member(flags: 4, options: [1, 0, 65], tail: abc)) == .named)
    for count in 2..<good.count { #expect(fault(of: Array(good[..<count])) == .cutOff) }
    for place in [2, 10, 12, 15, 18, 20, 22] {
      var damaged = good
      damaged[place] ^= 0x02
      #expect(fault(of: damaged) != nil, "byte \(place)")
    }
  }

  @Test func aFaultInsideAPackedBodyNamesItsPlace() {
    let body = Gzip.pack(example(replacing: "\"single\"", with: "7"))
    let error = #expect(throws: TapBatchFault.self) {
      try TapBatchWire.decode(body, BatchFormat(.json, isGzipped: true))
    }
    #expect(error?.pointer == "/taps/0/kind")
  }
}

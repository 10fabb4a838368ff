import NIOCore
import NIOHTTP1
import Testing
import Web

/// Requests that come in as small pieces as somebody likes.
@Suite struct EdgePieceTests {
  @Test func aPieceOfABodyHoldsNothingOfWhatWasReadWithIt() throws {
    let read = ByteBuffer(repeating: 0x61, count: 64 << 10)
    var body = EdgeBody(toldBytes: 1000)
    body.append(try #require(read.getSlice(at: 0, length: 1)))
    #expect(try #require(body.buffer).storageCapacity < 1000)
    body.append(try #require(read.getSlice(at: 1, length: 999)))
    #expect(body.count == 1000)
    #expect(body.buffer == read.getSlice(at: 0, length: 1000))
    // One that comes in chunks may end with any of them.
    var chunked = EdgeBody(toldBytes: nil)
    chunked.append(try #require(read.getSlice(at: 0, length: 1)))
    #expect(try #require(chunked.buffer).storageCapacity < 1000)
  }

  @Test func aBodyThatComesAtOnceIsNotCopied() throws {
    let read = ByteBuffer(repeating: 0x61, count: 64 << 10)
    var body = EdgeBody(toldBytes: 1000)
    #expect(body.count == 0)
    body.append(try #require(read.getSlice(at: 0, length: 1000)))
    #expect(try #require(body.buffer).storageCapacity == read.storageCapacity)
    #expect(body.count == 1000)
  }

  private static func early(_ parts: [HTTPServerRequestPart]) -> EdgeEarly {
    var early = EdgeEarly()
    for part in parts { early.append(part) }
    return early
  }

  @Test func whatCameEarlyWeighsByThePiecesThatItCameIn() {
    let byte = HTTPServerRequestPart.body(ByteBuffer(string: "a"))
    let head = HTTPServerRequestPart.head(
      HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"))
    var tiny = Self.early(Array(repeating: byte, count: 1000))
    #expect(tiny.weigh(6000, weight: 8) == 48_000)
    var large = Self.early([.body(ByteBuffer(repeating: 0x61, count: 60_000)), .end(nil)])
    #expect(large.weigh(60_100, weight: 8) == 60_100 + 2 * EdgeEarly.bytesOfPiece)
    // Each piece weighs once: with the bytes that it came in.
    #expect(large.weigh(10, weight: 8) == 10)
    var heads = Self.early([.end(nil), head])
    #expect(heads.weigh(60_000, weight: 8) == 480_000)
    heads.append(.end(["a": "b"]))
    #expect(heads.weigh(10_000, weight: 8) == 80_000)
  }

  @Test func whatCameEarlyLeavesTheCountPartByPart() {
    let sizes = [1, 90, 1]
    var early = Self.early(sizes.map { .body(ByteBuffer(repeating: 0x61, count: $0)) })
    early.note(counted: 100)
    early.note(counted: 20)
    let first = early.popFirst()
    #expect(first?.part == .body(ByteBuffer(repeating: 0x61, count: 1)) && first?.bytes == 40)
    // What it is counted as in its turn finds room again.
    #expect(early.popFirst()?.bytes == 80)
    #expect(!early.isEmpty && early.bytes == 0)
    early.note(counted: 7)
    #expect(early.popFirst()?.bytes == 7)
    let isNothing = early.popFirst() == nil
    #expect(early.isEmpty && early.bytes == 0 && isNothing)
  }
}

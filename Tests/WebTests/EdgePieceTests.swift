import NIOCore
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
}

import CZlib

/// Why bytes could not be unpacked.
package enum GzipFault: Error, Hashable, Sendable, CaseIterable {
  /// It is no gzip, or damaged: a check sum does not hold.
  case damaged
  /// It ends too early.
  case cutOff
  /// It would be larger than the limit; it was unpacked up to there and no further.
  case tooLarge
  /// More bytes follow: rubbish, or a second member.
  case trailing
  /// It carries a file name, a comment or an extra field.
  case named

  /// A word for programs.
  package var code: String {
    switch self {
    case .damaged: "gzip_damaged"
    case .cutOff: "gzip_cut_off"
    case .tooLarge: "body_too_large"
    case .trailing: "gzip_trailing"
    case .named: "gzip_named"
    }
  }

  /// What would be right, for people.
  package var message: String {
    switch self {
    case .damaged: "the body is not gzip (RFC 1952), or was damaged on its way"
    case .cutOff: "the gzip ends too early; send all of it"
    case .tooLarge: "the body is too large when unpacked"
    case .trailing: "a body is one gzip member, and nothing may follow it"
    case .named: "write the gzip without file name, comment and extra field (gzip -n)"
    }
  }
}

/// Packs and unpacks bytes as gzip (RFC 1952) by zlib.
///
/// One member, without a name, comment or extra field (they would be stored unread), and nothing
/// after it: so every reader, now and years later, finds the same content.
package enum Gzip {
  /// Bytes of a header without options, and of the check sum and length at the end.
  private static let frameByteCount = 18
  private static let optionFlags: UInt8 = 0x04 | 0x08 | 0x10
  /// Window of 32 KiB, with a gzip frame around it.
  private static let windowBits: Int32 = 15 + 16

  /// The content, of at most so many bytes: never more than one byte past that is unpacked.
  package static func unpack(_ bytes: [UInt8], bytesMax: Int) throws(GzipFault) -> [UInt8] {
    guard bytes.count >= 4 else {
      throw [0x1F, 0x8B].starts(with: bytes.prefix(2)) ? .cutOff : .damaged
    }
    guard bytes[0] == 0x1F, bytes[1] == 0x8B else { throw .damaged }
    guard bytes[3] & optionFlags == 0 else { throw .named }
    var stream = z_stream()
    guard
      inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { preconditionFailure("zlib could not begin") }
    defer { inflateEnd(&stream) }
    var content: [UInt8] = []
    var room = min(bytesMax + 1, max(4096, expectedCount(bytes)))
    var result: Result<Bool, GzipFault> = .success(false)
    bytes.withUnsafeBufferPointer { input in
      // zlib does not write to its input; its declaration is older than const.
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      repeat {
        content.reserveCapacity(content.count + room)
        result = unpackMore(&stream, room, into: &content)
        room = min(bytesMax + 1 - content.count, max(4096, content.count))
      } while result == .success(false) && content.count <= bytesMax
    }
    _ = try result.get()
    guard content.count <= bytesMax else { throw .tooLarge }
    guard stream.avail_in == 0 else { throw .trailing }
    return content
  }

  /// Unpacks at most `room` bytes more; true at the end of the member.
  private static func unpackMore(
    _ stream: inout z_stream, _ room: Int, into content: inout [UInt8]
  ) -> Result<Bool, GzipFault> {
    var code = Z_OK
    let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(room)
      code = inflate(&stream, Z_NO_FLUSH)
      count = room - Int(stream.avail_out)
    }
    if content.isEmpty { content = piece } else { content += piece }
    switch code {
    case Z_STREAM_END: return .success(true)
    case Z_OK: return stream.avail_out > 0 ? .failure(.cutOff) : .success(false)
    // No progress was possible: the input is at its end before the content is.
    case Z_BUF_ERROR: return stream.avail_out > 0 ? .failure(.cutOff) : .success(false)
    case Z_MEM_ERROR: preconditionFailure("zlib has no memory")
    default: return .failure(.damaged)
    }
  }

  /// The length that the last four bytes promise; a hint, not trusted.
  private static func expectedCount(_ bytes: [UInt8]) -> Int {
    guard bytes.count >= frameByteCount else { return 0 }
    let promised = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return promised + 1
  }

  /// One gzip member without a name and without a time: the same bytes for the same content.
  package static func pack(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
    var stream = z_stream()
    let begun = deflateInit2_(
      &stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(begun == Z_OK, "zlib could not begin")
    defer { deflateEnd(&stream) }
    let room = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeBufferPointer { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(room)
        let code = deflate(&stream, Z_FINISH)
        precondition(code == Z_STREAM_END, "zlib could not pack")
        count = room - Int(stream.avail_out)
      }
    }
  }
}

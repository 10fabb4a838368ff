/// Reads and writes the bodies that devices post, in every format.
package enum TapBatchWire {
  /// Reads a body as it was posted; a fault says where (JSON pointer), what, and what is right.
  ///
  /// A packed body is unpacked up to `TapLimits.bodyBytesMax` and no further.
  package static func decode(
    _ body: [UInt8], _ format: BatchFormat
  ) throws(TapBatchFault) -> TapBatch {
    guard format.isGzipped else { return try decode(unpacked: body, format.encoding) }
    return try decode(unpacked: try unpacked(body, format), format.encoding)
  }

  /// Checks a body that is to be stored as strictly as `decode`, and keeps no more of it than that needs.
  ///
  /// Tokens are searched for numbers of bank cards besides: what is stored already has to stay readable.
  package static func outline(
    _ body: [UInt8], _ format: BatchFormat
  ) throws(TapBatchFault) -> TapBatchOutline {
    let body = try unpacked(body, format)
    switch format.encoding {
    case .json:
      let batch = try TapBatchJSON.decode(body)
      for index in batch.taps.indices {
        let isOfBank = batch.taps[index].medium.isOfBank
        let isNumber = batch.taps[index].token.withUnsafeBytes {
          CardNumber.isHeld(by: $0, isOfBank: isOfBank)
        }
        guard !isNumber else { throw .cardNumber(ofTap: index) }
      }
      return TapBatchOutline(batch)
    case .protobuf: return try TapBatchProtobuf.outline(body.span.bytes)
    }
  }

  /// What a posted body holds, unpacked when it is packed.
  package static func unpacked(
    _ body: [UInt8], _ format: BatchFormat
  ) throws(TapBatchFault) -> [UInt8] {
    guard body.count <= TapLimits.bodyBytesMax else { throw .bodyTooLarge }
    guard format.isGzipped else { return body }
    do throws(GzipFault) {
      return try Gzip.unpack(body, bytesMax: TapLimits.bodyBytesMax)
    } catch {
      switch error {
      case .tooLarge: throw .bodyTooLarge
      default:
        throw TapBatchFault(
          kind: .malformed, pointer: "", code: error.code, message: error.message)
      }
    }
  }

  private static func decode(
    unpacked body: [UInt8], _ encoding: BatchEncoding
  ) throws(TapBatchFault) -> TapBatch {
    switch encoding {
    case .json: return try TapBatchJSON.decode(body)
    case .protobuf: return try TapBatchProtobuf.decode(body)
    }
  }

  /// The body of a batch, ready to be signed and posted.
  package static func encode(_ batch: TapBatch, _ format: BatchFormat) -> [UInt8] {
    let body =
      switch format.encoding {
      case .json: TapBatchJSON.encode(batch)
      case .protobuf: TapBatchProtobuf.encode(batch)
      }
    return format.isGzipped ? Gzip.pack(body) : body
  }
}

extension TapBatchAnswer {
  /// The answer in an encoding.
  package func encode(_ encoding: BatchEncoding) -> [UInt8] {
    switch encoding {
    case .json: encode()
    case .protobuf: encodeProtobuf()
    }
  }

  /// Reads an answer in an encoding.
  package static func decode(
    _ bytes: [UInt8], _ encoding: BatchEncoding
  ) throws(TapBatchFault) -> TapBatchAnswer {
    switch encoding {
    case .json: try decode(bytes)
    case .protobuf: try decode(protobuf: bytes)
    }
  }
}

extension TapBatchFault {
  /// The token of a tap is a bank card's number, or holds one.
  static func cardNumber(ofTap index: Int) -> TapBatchFault {
    TapBatchFault(
      kind: .impossible, pointer: "/taps/\(index)/token", code: "card_number",
      message: "it is a bank card's number, which is never taken; send a token made from it")
  }

  /// The body is past its limit, as it came or unpacked.
  static let bodyTooLarge = TapBatchFault(
    kind: .tooLarge, pointer: "", code: "body_too_large",
    message: "a body has at most \(TapLimits.bodyBytesMax) bytes, packed and unpacked; send fewer"
      + " taps at once")
}

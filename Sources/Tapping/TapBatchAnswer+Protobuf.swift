import Basics

extension TapBatchAnswer {
  /// The answer as protobuf.
  func encodeProtobuf() -> [UInt8] {
    var writer = ProtobufWriter(bytesReserved: 128 + conflicts.count * 8 + rejected.count * 96)
    writer.number(1, Int64(accepted))
    writer.number(2, Int64(duplicates))
    var inner = ProtobufWriter(bytesReserved: 256)
    if !conflicts.isEmpty {
      for seq in conflicts { inner.varint(UInt64(bitPattern: seq)) }
      writer.data(3, inner.bytes)
    }
    for tap in rejected {
      inner.clear()
      inner.number(1, tap.seq)
      inner.text(2, tap.code)
      inner.text(3, tap.message)
      writer.data(4, inner.bytes)
    }
    writer.number(5, ackThrough)
    for gap in missing {
      inner.clear()
      inner.number(1, gap.lowerBound)
      inner.number(2, gap.upperBound)
      writer.data(6, inner.bytes)
    }
    writer.time(7, serverTime)
    writer.text(8, tariffVersion)
    writer.number(9, denyListVersion)
    return writer.bytes
  }

  /// Reads the answer of a service as protobuf; a fault says where (JSON pointer) and what.
  static func decode(protobuf bytes: [UInt8]) throws(TapBatchFault) -> TapBatchAnswer {
    let span = bytes.span.bytes
    var decoder = ProtobufAnswerDecoder(reader: ProtobufReader(span))
    do throws(ProtobufStop) {
      return try decoder.answer(span)
    } catch {
      let failure =
        decoder.reader.failure ?? (.malformed, "not_protobuf", "the body is no answer")
      throw TapBatchFault(
        kind: failure.kind, pointer: decoder.pointer, code: failure.code, message: failure.message)
    }
  }
}

/// Reads one answer; fields that are not known are skipped, the last of a repeated one holds.
private struct ProtobufAnswerDecoder {
  var reader: ProtobufReader
  var pointer = ""

  mutating func answer(_ bytes: RawSpan) throws(ProtobufStop) -> TapBatchAnswer {
    var answer = TapBatchAnswer(
      accepted: 0, duplicates: 0, ackThrough: 0, serverTime: Instant(microseconds: 0))
    var seen: Set<UInt32> = []
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      seen.insert(head.field)
      try value(head, bytes, &answer)
    }
    let required: [(UInt32, String)] = [
      (1, "accepted"), (2, "duplicates"), (5, "ack_through"), (7, "server_time"),
    ]
    for (field, name) in required where !seen.contains(field) {
      pointer = "/" + name
      throw reader.stop("required", "\(name) is missing")
    }
    return answer
  }

  private mutating func value(
    _ head: ProtobufKey, _ bytes: RawSpan, _ answer: inout TapBatchAnswer
  ) throws(ProtobufStop) {
    switch (head.field, head.type) {
    case (1, .varint): answer.accepted = try count(bytes)
    case (2, .varint): answer.duplicates = try count(bytes)
    case (3, .bytes):
      let outer = try reader.enter(bytes)
      while !reader.isAtEnd { answer.conflicts.append(try number(bytes)) }
      reader.leave(to: outer)
    case (3, .varint): answer.conflicts.append(try number(bytes))
    case (4, .bytes):
      pointer = "/rejected/\(answer.rejected.count)"
      answer.rejected.append(try rejected(bytes))
    case (5, .varint): answer.ackThrough = try number(bytes)
    case (6, .bytes):
      pointer = "/missing/\(answer.missing.count)"
      answer.missing.append(try gap(bytes))
    case (7, .fixed64):
      answer.serverTime = Instant(microseconds: Int64(bitPattern: try reader.fixed64(bytes)))
    case (8, .bytes): answer.tariffVersion = try text(bytes)
    case (9, .varint): answer.denyListVersion = try number(bytes)
    case (1...9, _):
      throw reader.stop("wrong_type", "field \(head.field) has another wire type than it should")
    default: try reader.skip(head, bytes)
    }
    pointer = ""
  }

  private mutating func number(_ bytes: RawSpan) throws(ProtobufStop) -> Int64 {
    Int64(bitPattern: try reader.varint(bytes))
  }

  private mutating func count(_ bytes: RawSpan) throws(ProtobufStop) -> Int {
    Int(try number(bytes))
  }

  private mutating func text(_ bytes: RawSpan) throws(ProtobufStop) -> String {
    let place = try reader.range(bytes)
    let text = bytes.extracting(place).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
    guard let text else { throw reader.stop("not_utf8", "a text is not UTF-8") }
    return text
  }

  private mutating func rejected(
    _ bytes: RawSpan
  ) throws(ProtobufStop) -> TapBatchAnswer.Rejected {
    var tap = TapBatchAnswer.Rejected(seq: 0, code: "", message: "")
    let outer = try reader.enter(bytes)
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      switch (head.field, head.type) {
      case (1, .varint): tap.seq = try number(bytes)
      case (2, .bytes): tap.code = try text(bytes)
      case (3, .bytes): tap.message = try text(bytes)
      default: try reader.skip(head, bytes)
      }
    }
    reader.leave(to: outer)
    return tap
  }

  private mutating func gap(_ bytes: RawSpan) throws(ProtobufStop) -> ClosedRange<Int64> {
    var first: Int64 = 0
    var last: Int64 = 0
    let outer = try reader.enter(bytes)
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      switch (head.field, head.type) {
      case (1, .varint): first = try number(bytes)
      case (2, .varint): last = try number(bytes)
      default: try reader.skip(head, bytes)
      }
    }
    reader.leave(to: outer)
    guard first <= last else {
      throw reader.stop("bad_range", "a hole goes from its first to its last number")
    }
    return first...last
  }
}

import Basics

extension TapBatchAnswer {
  /// Reads an answer, as a device does; a fault says where and what.
  package static func decode(_ bytes: [UInt8]) throws(TapBatchFault) -> TapBatchAnswer {
    try bytes.withUnsafeBufferPointer {
      (buffer: UnsafeBufferPointer<UInt8>) throws(TapBatchFault) -> TapBatchAnswer in
      var decoder = AnswerDecoder(reader: BatchTokens(buffer))
      do throws(JSONStop) {
        return try decoder.answer()
      } catch {
        let failure =
          decoder.reader.failure
          ?? JSONFailure(kind: .malformed, code: "not_json", message: "the body is no answer")
        throw TapBatchFault(
          kind: failure.kind, pointer: decoder.pointer, code: failure.code,
          message: failure.message)
      }
    }
  }
}

private struct AnswerDecoder {
  var reader: BatchTokens
  var pointer = ""

  static let required = ["accepted", "duplicates", "ack_through", "server_time"]

  mutating func answer() throws(JSONStop) -> TapBatchAnswer {
    var answer = TapBatchAnswer(
      accepted: 0, duplicates: 0, ackThrough: 0, serverTime: Instant(microseconds: 0))
    var seen: Set<String> = []
    try object { (decoder: inout AnswerDecoder, name: String) throws(JSONStop) in
      guard seen.insert(name).inserted else {
        throw decoder.reader.stop("duplicate_key", "\(name) stands twice in one object")
      }
      try decoder.value(name, &answer)
    }
    reader.skipSpace()
    guard reader.isAtEnd else { throw reader.unexpected("the end of the body") }
    for name in AnswerDecoder.required where !seen.contains(name) {
      pointer = "/" + name
      throw reader.stop("required", "\(name) is missing")
    }
    return answer
  }

  private mutating func value(
    _ name: String, _ answer: inout TapBatchAnswer
  ) throws(JSONStop) {
    switch name {
    case "accepted": answer.accepted = Int(try reader.integer())
    case "duplicates": answer.duplicates = Int(try reader.integer())
    case "ack_through": answer.ackThrough = try reader.integer()
    case "server_time":
      guard let time = Instant(iso8601: reader.string(try reader.text())) else {
        throw reader.stop("bad_time", "it must be a time in ISO 8601 with an offset")
      }
      answer.serverTime = time
    case "tariff_version":
      if !reader.take(word: "null") { answer.tariffVersion = reader.string(try reader.text()) }
    case "deny_list_version":
      if !reader.take(word: "null") { answer.denyListVersion = try reader.integer() }
    case "conflicts":
      try list { (decoder: inout AnswerDecoder) throws(JSONStop) in
        answer.conflicts.append(try decoder.reader.integer())
      }
    case "missing":
      try list { (decoder: inout AnswerDecoder) throws(JSONStop) in
        answer.missing.append(try decoder.gap())
      }
    case "rejected":
      try list { (decoder: inout AnswerDecoder) throws(JSONStop) in
        answer.rejected.append(try decoder.rejected())
      }
    default: try reader.skipValue()
    }
  }

  private mutating func gap() throws(JSONStop) -> ClosedRange<Int64> {
    try reader.expect(0x5B, "a list of two numbers")
    let first = try reader.integer()
    try reader.expect(0x2C, "a comma")
    let last = try reader.integer()
    try reader.expect(0x5D, "the end of a list of two numbers")
    guard first <= last else {
      throw reader.stop("bad_range", "a hole goes from its first to its last number")
    }
    return first...last
  }

  private mutating func rejected() throws(JSONStop) -> TapBatchAnswer.Rejected {
    var tap = TapBatchAnswer.Rejected(seq: 0, code: "", message: "")
    try object { (decoder: inout AnswerDecoder, name: String) throws(JSONStop) in
      switch name {
      case "seq": tap.seq = try decoder.reader.integer()
      case "code": tap.code = decoder.reader.string(try decoder.reader.text())
      case "message": tap.message = decoder.reader.string(try decoder.reader.text())
      default: try decoder.reader.skipValue()
      }
    }
    return tap
  }

  private mutating func object(
    _ value: (inout AnswerDecoder, String) throws(JSONStop) -> Void
  ) throws(JSONStop) {
    try reader.expect(0x7B, "an object")
    guard !reader.take(0x7D) else { return }
    let before = pointer
    repeat {
      let name = reader.string(try reader.text())
      try reader.expect(0x3A, "a colon")
      pointer = before + "/" + name
      try value(&self, name)
      pointer = before
    } while reader.take(0x2C)
    guard reader.take(0x7D) else { throw reader.unexpected("a comma or }") }
  }

  private mutating func list(
    _ element: (inout AnswerDecoder) throws(JSONStop) -> Void
  ) throws(JSONStop) {
    try reader.expect(0x5B, "a list")
    guard !reader.take(0x5D) else { return }
    let before = pointer
    var index = 0
    repeat {
      pointer = before + "/\(index)"
      try element(&self)
      index += 1
    } while reader.take(0x2C)
    pointer = before
    guard reader.take(0x5D) else { throw reader.unexpected("a comma or ]") }
  }
}

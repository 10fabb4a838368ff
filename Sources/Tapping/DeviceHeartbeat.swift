package import Basics

/// What a validator says of itself from time to time, with its versions and its health.
package struct DeviceHeartbeat: Hashable, Sendable {
  /// Most bytes of a body.
  package static let bodyBytesMax = 16 << 10
  /// Most bytes of a text.
  package static let textBytesMax = 128

  package var device: String
  /// When it was made, by the device's own clock.
  package var sentAt: Instant
  package var software: String?
  package var configuration: String?
  package var tariffVersion: String?
  package var denyListVersion: Int64?
  /// Epoch and number of the newest tap it recorded.
  package var lastEpoch: Int64?
  package var lastSeq: Int64?
  package var lastTapAt: Instant?
  /// 0 to 100.
  package var batteryPercent: Int?
  package var freeBytes: Int64?
  /// How far its clock is ahead of its own time server, milliseconds; negative when behind.
  package var clockOffsetMilliseconds: Int64?

  /// Makes a heartbeat; what a device may leave out may be left out here too.
  package init(device: String, sentAt: Instant) {
    self.device = device
    self.sentAt = sentAt
  }

  /// Reads a body; a fault says where, what and what would be right.
  ///
  /// Keys that are not known are skipped, so that newer devices can talk to an older service; those of other
  /// bodies that a device signs are refused.
  package init(json: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(json)
    var device: String?
    var sentAt: Instant?
    var beat = DeviceHeartbeat(device: "", sentAt: Instant(microseconds: 0))
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "device": device = try reader.string()
      case "sent_at": sentAt = try reader.instant()
      default: try beat.read(key, &reader)
      }
    }
    try reader.finish()
    guard let device else { throw reader.fault(at: "device", "it is missing") }
    guard let sentAt else { throw reader.fault(at: "sent_at", "it is missing") }
    beat.device = device
    beat.sentAt = sentAt
    self = beat
  }

  private mutating func read(
    _ key: String, _ reader: inout JSONReader
  ) throws(JSONFault) {
    switch key {
    case "software": software = try Self.text(&reader)
    case "configuration": configuration = try Self.text(&reader)
    case "tariff_version": tariffVersion = try Self.text(&reader)
    case "deny_list_version": denyListVersion = try Self.number(&reader, in: 0...Int64.max)
    case "last_epoch": lastEpoch = try Self.number(&reader, in: 0...TapLimits.epochMax)
    case "last_seq": lastSeq = try Self.number(&reader, in: 0...TapLimits.seqMax)
    case "last_tap_at": if !reader.takeNull() { lastTapAt = try reader.instant() }
    case "battery_percent":
      batteryPercent = try Self.number(&reader, in: 0...100).map { Int($0) }
    case "free_bytes": freeBytes = try Self.number(&reader, in: 0...Int64.max)
    case "clock_offset_ms":
      // A hundred years are more than any clock is off.
      clockOffsetMilliseconds = try Self.number(
        &reader, in: -3_155_760_000_000...3_155_760_000_000)
    case "taps", "positions", "epoch", "public_key":
      // What else a device signs would pass for a heartbeat: whoever saw it could say that the device lives.
      throw reader.fault("a heartbeat has none")
    default: try reader.skipValue()
    }
  }

  private static func text(_ reader: inout JSONReader) throws(JSONFault) -> String? {
    guard let text = try reader.stringOrNil() else { return nil }
    guard text.utf8.count <= textBytesMax else {
      throw reader.fault("it has at most \(textBytesMax) bytes")
    }
    guard !text.utf8.contains(0) else { throw reader.fault("it may hold no NUL") }
    return text
  }

  private static func number(
    _ reader: inout JSONReader, in range: ClosedRange<Int64>
  ) throws(JSONFault) -> Int64? {
    guard let number = try reader.int64OrNil() else { return nil }
    guard range.contains(number) else {
      throw reader.fault("it is a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The heartbeat as a device writes it.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("device", device)
    writer.member("sent_at", sentAt.description)
    if let software { writer.member("software", software) }
    if let configuration { writer.member("configuration", configuration) }
    if let tariffVersion { writer.member("tariff_version", tariffVersion) }
    if let denyListVersion { writer.member("deny_list_version", denyListVersion) }
    if let lastEpoch { writer.member("last_epoch", lastEpoch) }
    if let lastSeq { writer.member("last_seq", lastSeq) }
    if let lastTapAt { writer.member("last_tap_at", lastTapAt.description) }
    if let batteryPercent { writer.member("battery_percent", batteryPercent) }
    if let freeBytes { writer.member("free_bytes", freeBytes) }
    if let clockOffsetMilliseconds { writer.member("clock_offset_ms", clockOffsetMilliseconds) }
    writer.endObject()
    return writer.bytes
  }
}

/// What a device signs to prove that it holds the secret half of another key.
package enum KeyRotationProof {
  /// The bytes that the new key signs: `kvytok-key:<device>:<base64 of the new public key>`.
  package static func message(device: String, publicKey: [UInt8]) -> [UInt8] {
    Array("kvytok-key:\(device):\(Base64.encode(publicKey, .standard))".utf8)
  }
}

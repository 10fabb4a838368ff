import Basics
import Transit

/// The tap batch as `application/x-protobuf` (`Proto/tap_batch.proto`).
///
/// Says the same as the JSON, field for field, and is as strict: each field at most once, of its own
/// wire type, and only in the shortest form. Fields that are not known are skipped (still checked).
package enum TapBatchProtobuf {
  /// Reads a body; a fault says where (JSON pointer), what and what would be right.
  package static func decode(_ bytes: [UInt8]) throws(TapBatchFault) -> TapBatch {
    try decode(bytes.span.bytes)
  }

  /// Reads a body where it lies.
  package static func decode(_ bytes: RawSpan) throws(TapBatchFault) -> TapBatch {
    try read(bytes, makesTaps: true).batch
  }

  /// Checks a body where it lies, as strictly as `decode`, and makes no taps; searches tokens besides.
  package static func outline(_ bytes: RawSpan) throws(TapBatchFault) -> TapBatchOutline {
    try read(bytes, makesTaps: false).outline
  }

  private static func read(
    _ bytes: RawSpan, makesTaps: Bool
  ) throws(TapBatchFault) -> ProtobufBatchDecoder {
    guard bytes.byteCount <= TapLimits.bodyBytesMax else { throw .bodyTooLarge }
    var decoder = ProtobufBatchDecoder(ProtobufReader(bytes), makesTaps: makesTaps)
    do throws(ProtobufStop) {
      try decoder.read(bytes)
      return decoder
    } catch {
      throw decoder.fault
    }
  }
}

extension TapBatchKey {
  /// The field of a batch by its number.
  @inline(__always) static func ofBatch(_ field: UInt32) -> TapBatchKey? {
    field <= 6 ? TapBatchKey(rawValue: field - 1) : nil
  }

  /// The field of a tap by its number: in the order of the keys, but for the reason, which is rare.
  @inline(__always) static func ofTap(_ field: UInt32) -> TapBatchKey? {
    switch field {
    case 1: .seq
    case 2: .at
    case 3: .kind
    case 4: .medium
    case 5: .token
    case 6: .riders
    case 7: .result
    case 8: .vehicle
    case 9: .route
    case 10: .direction
    case 11: .trip
    case 12: .stop
    case 13: .zone
    case 14: .latitude
    case 15: .longitude
    case 16: .denyReason
    default: nil
    }
  }

  /// How the field's value is written.
  @inline(__always) var wireType: WireType {
    switch self {
    case .epoch, .denyListVersion, .seq, .kind, .medium, .riders, .result, .direction: .varint
    case .sentAt, .at, .latitude, .longitude: .fixed64
    case .device, .tariffVersion, .taps, .token, .denyReason, .vehicle, .route, .trip, .stop,
      .zone:
      .bytes
    }
  }
}

/// Reads one batch; remembers where it is, so that a fault can name the place at no cost before.
struct ProtobufBatchDecoder {
  var reader: ProtobufReader
  /// The batch; without its taps when they are not made.
  private(set) var batch = TapBatch(
    device: "", epoch: 0, sentAt: Instant(microseconds: 0), taps: [])
  /// The outline, when taps are not made.
  private(set) var outline = TapBatchOutline(
    device: "", epoch: 0, sentAt: Instant(microseconds: 0))
  /// Whether texts and tokens are kept, and not only checked.
  let makesTaps: Bool
  /// The texts of the tap at hand, when taps are made.
  private var tap = ProtobufBatchDecoder.blank
  private var tapsCount = 0
  private var tapIndex: Int?
  private var key: TapBatchKey?

  init(_ reader: ProtobufReader, makesTaps: Bool) {
    self.reader = reader
    self.makesTaps = makesTaps
  }

  /// Why and where reading stopped.
  var fault: TapBatchFault {
    var pointer = ""
    if let tapIndex { pointer = "/taps/\(tapIndex)" }
    if let key { pointer += "/\(key.name)" }
    let failure = reader.failure ?? (.malformed, "not_protobuf", "the body is no tap batch")
    return TapBatchFault(
      kind: failure.kind, pointer: pointer, code: failure.code, message: failure.message)
  }

  /// Reads the body.
  mutating func read(_ bytes: RawSpan) throws(ProtobufStop) {
    var seen: UInt32 = 0
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      key = TapBatchKey.ofBatch(head.field)
      if let key {
        // Taps are a field for each; everything else stands once.
        if key != .taps { try note(key, in: &seen) }
        try expect(head, key)
        try batchValue(key, bytes)
      } else {
        try reader.skip(head, bytes)
      }
      key = nil
    }
    // An empty list is not written, so that a batch without taps is an inquiry here too.
    try require(TapBatchKey.requiredOfBatch, in: seen | TapBatchKey.taps.bit)
    guard !makesTaps else { return }
    outline.device = batch.device
    outline.epoch = batch.epoch
    outline.sentAt = batch.sentAt
  }

  private mutating func batchValue(
    _ key: TapBatchKey, _ bytes: RawSpan
  ) throws(ProtobufStop) {
    switch key {
    case .device: batch.device = try text(bytes)
    case .epoch:
      batch.epoch = Int64(bitPattern: try reader.varint(bytes))
      guard (0...TapLimits.epochMax).contains(batch.epoch) else {
        throw reader.stop(
          "epoch_out_of_range", "an epoch counts from 0 to \(TapLimits.epochMax)", kind: .impossible
        )
      }
    case .sentAt: batch.sentAt = try instant(bytes)
    case .tariffVersion: batch.tariffVersion = try text(bytes)
    case .denyListVersion: batch.denyListVersion = Int64(bitPattern: try reader.varint(bytes))
    default:
      guard tapsCount < TapLimits.tapsPerBatchMax else {
        throw reader.stop(
          "too_many_taps",
          "a batch has at most \(TapLimits.tapsPerBatchMax) taps; send the rest in another",
          kind: .tooLarge)
      }
      if makesTaps, tapsCount == 0 { batch.taps.reserveCapacity(128) }
      tapIndex = tapsCount
      self.key = nil
      try readTap(bytes)
      tapsCount += 1
      tapIndex = nil
    }
  }

  private mutating func readTap(_ bytes: RawSpan) throws(ProtobufStop) {
    if makesTaps { tap = ProtobufBatchDecoder.blank }
    var parts = ProtobufTapParts()
    var seen: UInt32 = 0
    let outer = try reader.enter(bytes)
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      key = TapBatchKey.ofTap(head.field)
      if let key {
        try note(key, in: &seen)
        try expect(head, key)
        try tapValue(key, bytes, &parts)
      } else {
        try reader.skip(head, bytes)
      }
      key = nil
    }
    reader.leave(to: outer)
    guard seen & TapBatchKey.requiredOfTapBits == TapBatchKey.requiredOfTapBits else {
      return try require(TapBatchKey.requiredOfTap, in: seen)
    }
    let coordinate = try coordinate(of: parts)
    guard makesTaps else {
      try checkToken(parts, bytes)
      return outline.note(
        seq: parts.seq, at: parts.at, riders: parts.riders, direction: parts.direction,
        coordinate: coordinate)
    }
    tap.take(parts, coordinate)
    batch.taps.append(tap)
  }

  /// The fault is about the token.
  mutating func foundInToken() { key = .token }

  @inline(__always) private mutating func tapValue(
    _ key: TapBatchKey, _ bytes: RawSpan, _ parts: inout ProtobufTapParts
  ) throws(ProtobufStop) {
    switch key {
    case .seq:
      parts.seq = Int64(bitPattern: try reader.varint(bytes))
      guard (1...TapLimits.seqMax).contains(parts.seq) else {
        throw reader.stop(
          "seq_out_of_range", "a tap's number counts from 1 to \(TapLimits.seqMax)",
          kind: .impossible)
      }
    case .at: parts.at = try instant(bytes)
    case .kind: parts.kind = try kind(bytes)
    case .medium: parts.medium = try medium(bytes)
    case .token:
      let place = try tokenPlace(bytes)
      parts.token = place
      if makesTaps { tap.token = bytes.extracting(place).withUnsafeBytes { [UInt8]($0) } }
    case .riders: parts.riders = Int(Int64(bitPattern: try reader.varint(bytes)))
    case .result: parts.isDenied = try isDenied(bytes)
    case .denyReason:
      parts.hasDenyReason = true
      if let reason = try keptText(bytes) { tap.result = .denied(reason: reason) }
    case .vehicle: if let text = try keptText(bytes) { tap.vehicle = text }
    case .route: if let text = try keptText(bytes) { tap.route = text }
    case .direction: parts.direction = Int(Int64(bitPattern: try reader.varint(bytes)))
    case .trip: if let text = try keptText(bytes) { tap.trip = text }
    case .stop: if let text = try keptText(bytes) { tap.stop = text }
    case .zone: if let text = try keptText(bytes) { tap.zone = text }
    case .latitude:
      parts.latitude = try degrees(bytes)
      parts.hasLatitude = true
    default:
      parts.longitude = try degrees(bytes)
      parts.hasLongitude = true
    }
  }

  /// The place of a tap, and whether its result and reason go together.
  private mutating func coordinate(
    of parts: ProtobufTapParts
  ) throws(ProtobufStop) -> Coordinate? {
    guard parts.hasLatitude == parts.hasLongitude else {
      key = parts.hasLatitude ? .longitude : .latitude
      throw reader.stop(
        "half_coordinate", "lat and lon go together: give both or none", kind: .impossible)
    }
    if !parts.isDenied, parts.hasDenyReason {
      key = .denyReason
      throw reader.stop(
        "reason_without_denial", "deny_reason goes only with RESULT_DENIED", kind: .impossible)
    }
    guard parts.hasLatitude else { return nil }
    return Coordinate(latitude: parts.latitude, longitude: parts.longitude)
  }

  @inline(__always) private mutating func note(
    _ key: TapBatchKey, in seen: inout UInt32
  ) throws(ProtobufStop) {
    guard seen & key.bit == 0 else {
      throw reader.stop("duplicate_key", "\(key.name) stands twice in one message")
    }
    seen |= key.bit
  }

  @inline(__always) private mutating func expect(
    _ head: ProtobufKey, _ key: TapBatchKey
  ) throws(ProtobufStop) {
    guard head.type == key.wireType else {
      throw reader.stop(
        "wrong_type",
        "it must have wire type \(key.wireType.rawValue); here stands \(head.type.rawValue)")
    }
  }

  private mutating func require(_ keys: [TapBatchKey], in seen: UInt32) throws(ProtobufStop) {
    for required in keys where seen & required.bit == 0 {
      key = required
      throw reader.stop("required", "\(required.name) is missing")
    }
  }
}

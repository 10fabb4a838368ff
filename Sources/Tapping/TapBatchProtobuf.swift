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
    guard bytes.byteCount <= TapLimits.bodyBytesMax else { throw .bodyTooLarge }
    var decoder = ProtobufBatchDecoder(ProtobufReader(bytes))
    do throws(ProtobufStop) {
      return try decoder.batch(bytes)
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
  private var tapIndex: Int?
  private var key: TapBatchKey?

  init(_ reader: ProtobufReader) { self.reader = reader }

  /// Why and where reading stopped.
  var fault: TapBatchFault {
    var pointer = ""
    if let tapIndex { pointer = "/taps/\(tapIndex)" }
    if let key { pointer += "/\(key.name)" }
    let failure = reader.failure ?? (.malformed, "not_protobuf", "the body is no tap batch")
    return TapBatchFault(
      kind: failure.kind, pointer: pointer, code: failure.code, message: failure.message)
  }

  mutating func batch(_ bytes: RawSpan) throws(ProtobufStop) -> TapBatch {
    var batch = TapBatch(device: "", epoch: 0, sentAt: Instant(microseconds: 0), taps: [])
    var seen: UInt32 = 0
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      key = TapBatchKey.ofBatch(head.field)
      if let key {
        // Taps are a field for each; everything else stands once.
        if key != .taps { try note(key, in: &seen) }
        try expect(head, key)
        try batchValue(key, bytes, &batch)
      } else {
        try reader.skip(head, bytes)
      }
      key = nil
    }
    // An empty list is not written, so that a batch without taps is an inquiry here too.
    try require(TapBatchKey.requiredOfBatch, in: seen | TapBatchKey.taps.bit)
    return batch
  }

  private mutating func batchValue(
    _ key: TapBatchKey, _ bytes: RawSpan, _ batch: inout TapBatch
  ) throws(ProtobufStop) {
    switch key {
    case .device: batch.device = try text(bytes)
    case .epoch:
      batch.epoch = Int64(bitPattern: try reader.varint(bytes))
      guard batch.epoch >= 0 else {
        throw reader.stop("epoch_out_of_range", "an epoch counts from 0", kind: .impossible)
      }
    case .sentAt: batch.sentAt = try instant(bytes)
    case .tariffVersion: batch.tariffVersion = try text(bytes)
    case .denyListVersion: batch.denyListVersion = Int64(bitPattern: try reader.varint(bytes))
    default:
      guard batch.taps.count < TapLimits.tapsPerBatchMax else {
        throw reader.stop(
          "too_many_taps",
          "a batch has at most \(TapLimits.tapsPerBatchMax) taps; send the rest in another",
          kind: .tooLarge)
      }
      if batch.taps.isEmpty { batch.taps.reserveCapacity(128) }
      tapIndex = batch.taps.count
      self.key = nil
      batch.taps.append(try tap(bytes))
      tapIndex = nil
    }
  }

  private mutating func tap(_ bytes: RawSpan) throws(ProtobufStop) -> Tap {
    var tap = Tap(
      seq: 0, at: Instant(microseconds: 0), kind: .single, medium: .card, token: [])
    var parts = TapParts()
    var seen: UInt32 = 0
    let outer = try reader.enter(bytes)
    while !reader.isAtEnd {
      let head = try reader.key(bytes)
      key = TapBatchKey.ofTap(head.field)
      if let key {
        try note(key, in: &seen)
        try expect(head, key)
        try tapValue(key, bytes, &tap, &parts)
      } else {
        try reader.skip(head, bytes)
      }
      key = nil
    }
    reader.leave(to: outer)
    guard seen & TapBatchKey.requiredOfTapBits == TapBatchKey.requiredOfTapBits else {
      try require(TapBatchKey.requiredOfTap, in: seen)
      return tap
    }
    try join(parts, into: &tap)
    return tap
  }

  @inline(__always) private mutating func tapValue(
    _ key: TapBatchKey, _ bytes: RawSpan, _ tap: inout Tap, _ parts: inout TapParts
  ) throws(ProtobufStop) {
    switch key {
    case .seq:
      tap.seq = Int64(bitPattern: try reader.varint(bytes))
      guard (1...TapLimits.seqMax).contains(tap.seq) else {
        throw reader.stop(
          "seq_out_of_range", "a tap's number counts from 1 to \(TapLimits.seqMax)",
          kind: .impossible)
      }
    case .at: tap.at = try instant(bytes)
    case .kind: tap.kind = try kind(bytes)
    case .medium: tap.medium = try medium(bytes)
    case .token: tap.token = try token(bytes)
    case .riders: tap.riders = Int(Int64(bitPattern: try reader.varint(bytes)))
    case .result: parts.isDenied = try isDenied(bytes)
    case .denyReason: parts.denyReason = try text(bytes)
    case .vehicle: tap.vehicle = try text(bytes)
    case .route: tap.route = try text(bytes)
    case .direction: tap.direction = Int(Int64(bitPattern: try reader.varint(bytes)))
    case .trip: tap.trip = try text(bytes)
    case .stop: tap.stop = try text(bytes)
    case .zone: tap.zone = try text(bytes)
    case .latitude: parts.latitude = try degrees(bytes)
    default: parts.longitude = try degrees(bytes)
    }
  }

  /// Puts together what is told by two fields.
  private mutating func join(_ parts: TapParts, into tap: inout Tap) throws(ProtobufStop) {
    switch (parts.latitude, parts.longitude) {
    case (let latitude?, let longitude?):
      tap.coordinate = Coordinate(latitude: latitude, longitude: longitude)
    case (nil, nil): break
    default:
      key = parts.latitude == nil ? .latitude : .longitude
      throw reader.stop(
        "half_coordinate", "lat and lon go together: give both or none", kind: .impossible)
    }
    if parts.isDenied {
      tap.result = .denied(reason: parts.denyReason)
    } else if parts.denyReason != nil {
      key = .denyReason
      throw reader.stop(
        "reason_without_denial", "deny_reason goes only with RESULT_DENIED", kind: .impossible)
    }
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

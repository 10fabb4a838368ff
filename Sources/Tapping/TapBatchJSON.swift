import Basics
import Transit

/// The tap batch as `application/json`.
///
/// Strict where a mistake could cost a fare: types, times with an offset, whole numbers, UTF-8, a
/// known key twice are refused. Keys that are not known are skipped (still checked as JSON), so that
/// newer devices can talk to an older service; `null` means that an optional value is left out.
package enum TapBatchJSON {
  /// Reads a body; a fault says where (JSON pointer), what and what would be right.
  package static func decode(_ bytes: [UInt8]) throws(TapBatchFault) -> TapBatch {
    guard bytes.count <= TapLimits.bodyBytesMax else {
      throw TapBatchFault(
        kind: .tooLarge, pointer: "", code: "body_too_large",
        message: "a body has at most \(TapLimits.bodyBytesMax) bytes; send fewer taps at once")
    }
    guard !bytes.isEmpty else {
      throw TapBatchFault(
        kind: .malformed, pointer: "", code: "cut_off",
        message: "the body is empty; it should be a JSON object with device, epoch, sent_at, taps")
    }
    return try bytes.withUnsafeBufferPointer {
      (buffer: UnsafeBufferPointer<UInt8>) throws(TapBatchFault) -> TapBatch in
      var decoder = TapBatchDecoder(BatchTokens(buffer))
      do throws(JSONStop) {
        return try decoder.batch()
      } catch {
        throw decoder.fault
      }
    }
  }
}

/// The keys of a batch and of a tap; the raw value is the place of its bit in a set of seen keys.
enum TapBatchKey: UInt32 {
  case device, epoch, sentAt, tariffVersion, denyListVersion, taps
  case seq, at, kind, medium, token, riders, result, denyReason, vehicle, route, direction, trip
  case stop, zone, latitude, longitude

  var bit: UInt32 { 1 << rawValue }

  /// The key as it is written.
  var name: StaticString {
    switch self {
    case .device: "device"
    case .epoch: "epoch"
    case .sentAt: "sent_at"
    case .tariffVersion: "tariff_version"
    case .denyListVersion: "deny_list_version"
    case .taps: "taps"
    case .seq: "seq"
    case .at: "at"
    case .kind: "kind"
    case .medium: "medium"
    case .token: "token"
    case .riders: "riders"
    case .result: "result"
    case .denyReason: "deny_reason"
    case .vehicle: "vehicle"
    case .route: "route"
    case .direction: "direction"
    case .trip: "trip"
    case .stop: "stop"
    case .zone: "zone"
    case .latitude: "lat"
    case .longitude: "lon"
    }
  }

  static let requiredOfBatch: [TapBatchKey] = [.device, .epoch, .sentAt, .taps]
  static let requiredOfTap: [TapBatchKey] = [.seq, .at, .kind, .medium, .token]
  /// The bits of `requiredOfTap`, to be compared at once.
  static var requiredOfTapBits: UInt32 {
    seq.bit | at.bit | kind.bit | medium.bit | token.bit
  }
}

/// Reads one batch; remembers where it is, so that a fault can name the place at no cost before.
struct TapBatchDecoder {
  var reader: BatchTokens
  var times = TimeReader()
  private var tapIndex: Int?
  private var key: TapBatchKey?

  init(_ reader: BatchTokens) { self.reader = reader }

  /// Why and where reading stopped.
  var fault: TapBatchFault {
    var pointer = ""
    if let tapIndex { pointer = "/taps/\(tapIndex)" }
    if let key { pointer += "/\(key.name)" }
    let failure =
      reader.failure
      ?? JSONFailure(kind: .malformed, code: "not_json", message: "the body is no tap batch")
    return TapBatchFault(
      kind: failure.kind, pointer: pointer, code: failure.code, message: failure.message)
  }

  mutating func batch() throws(JSONStop) -> TapBatch {
    var batch = TapBatch(device: "", epoch: 0, sentAt: Instant(microseconds: 0), taps: [])
    var seen: UInt32 = 0
    try beginObject("the batch")
    var isOpen = !reader.take(0x7D)
    while isOpen {
      let name = try reader.key()
      key = batchKey(name)
      if let key {
        try note(key, in: &seen)
        try batchValue(key, &batch)
      } else {
        try reader.refuseCardNumber(in: name)
        try reader.skipValue()
      }
      key = nil
      isOpen = try goesOn()
    }
    reader.skipSpace()
    guard reader.isAtEnd else {
      throw reader.stop("not_json", "at byte \(reader.at) the body should end")
    }
    try require(TapBatchKey.requiredOfBatch, in: seen)
    return batch
  }

  private mutating func batchValue(
    _ key: TapBatchKey, _ batch: inout TapBatch
  ) throws(JSONStop) {
    switch key {
    case .device: batch.device = try requiredText("the name the device was enrolled with")
    case .epoch:
      batch.epoch = try integer("a whole number from 0 that grows when the counter starts anew")
      guard (0...TapLimits.epochMax).contains(batch.epoch) else {
        throw reader.stop(
          "epoch_out_of_range", "an epoch counts from 0 to \(TapLimits.epochMax)", kind: .impossible
        )
      }
    case .sentAt: batch.sentAt = try instant()
    case .tariffVersion: batch.tariffVersion = try optionalText()
    case .denyListVersion:
      batch.denyListVersion = reader.takeNull() ? nil : try integer("a whole number")
    default: try taps(into: &batch.taps)
    }
  }

  private mutating func taps(into taps: inout [Tap]) throws(JSONStop) {
    reader.skipSpace()
    guard reader.peek == 0x5B else { throw wrongType("a list of taps") }
    reader.advance()
    guard !reader.take(0x5D) else { return }
    taps.reserveCapacity(128)
    repeat {
      guard taps.count < TapLimits.tapsPerBatchMax else {
        throw reader.stop(
          "too_many_taps",
          "a batch has at most \(TapLimits.tapsPerBatchMax) taps; send the rest in"
            + " another", kind: .tooLarge)
      }
      tapIndex = taps.count
      key = nil
      taps.append(try tap())
      key = .taps
      tapIndex = nil
    } while reader.take(0x2C)
    guard reader.take(0x5D) else { throw reader.unexpected("a comma or ]") }
  }

  private mutating func tap() throws(JSONStop) -> Tap {
    var seen: UInt32 = 0
    var tap = Tap(
      seq: 0, at: Instant(microseconds: 0), kind: .single, medium: .card, token: [])
    var parts = TapParts()
    try beginObject("a tap")
    var isOpen = !reader.take(0x7D)
    while isOpen {
      let name = try reader.key()
      key = tapKey(name)
      if let key {
        try note(key, in: &seen)
        try tapValue(key, &tap, &parts)
      } else {
        try reader.refuseCardNumber(in: name)
        try reader.skipValue()
      }
      key = nil
      isOpen = try goesOn()
    }
    guard seen & TapBatchKey.requiredOfTapBits == TapBatchKey.requiredOfTapBits else {
      try require(TapBatchKey.requiredOfTap, in: seen)
      return tap
    }
    try join(parts, into: &tap)
    return tap
  }

  private mutating func tapValue(
    _ key: TapBatchKey, _ tap: inout Tap, _ parts: inout TapParts
  ) throws(JSONStop) {
    switch key {
    case .seq:
      tap.seq = try integer("a whole number from 1")
      guard (1...TapLimits.seqMax).contains(tap.seq) else {
        throw reader.stop(
          "seq_out_of_range", "a tap's number counts from 1 to \(TapLimits.seqMax)",
          kind: .impossible)
      }
    case .at: tap.at = try instant()
    case .kind: tap.kind = try kind()
    case .medium: tap.medium = try medium()
    case .token: tap.token = try token()
    case .riders:
      guard !reader.takeNull() else { return }
      // How many may ride on one tap is for admission to say: an impossible number costs one tap
      // its fare and not the batch its delivery.
      tap.riders = Int(try integer("a whole number"))
    case .result: parts.isDenied = try isDenied()
    case .denyReason: parts.denyReason = try optionalText()
    case .vehicle: tap.vehicle = try optionalText()
    case .route: tap.route = try optionalText()
    case .direction:
      tap.direction = reader.takeNull() ? nil : Int(try integer("0 or 1"))
    case .trip: tap.trip = try optionalText()
    case .stop: tap.stop = try optionalText()
    case .zone: tap.zone = try optionalText()
    case .latitude: parts.latitude = try degrees()
    default: parts.longitude = try degrees()
    }
  }

  /// Puts together what is told by two keys.
  private mutating func join(_ parts: TapParts, into tap: inout Tap) throws(JSONStop) {
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
        "reason_without_denial", "deny_reason goes only with \"result\": \"denied\"",
        kind: .impossible)
    }
  }

  // MARK: objects

  private mutating func beginObject(_ what: StaticString) throws(JSONStop) {
    reader.skipSpace()
    guard reader.peek == 0x7B else {
      // A body that begins with no JSON value at all is no JSON; the rest is JSON of another shape.
      if reader.valueName == "no JSON value" { throw reader.unexpected("a JSON object") }
      throw wrongType("an object with the keys of \(what)")
    }
    reader.advance()
  }

  /// Whether another key follows; takes the comma or the end of the object.
  @inline(__always) private mutating func goesOn() throws(JSONStop) -> Bool {
    if reader.take(0x2C) { return true }
    guard reader.take(0x7D) else { throw reader.unexpected("a comma or }") }
    return false
  }

  @inline(__always) private mutating func note(
    _ key: TapBatchKey, in seen: inout UInt32
  ) throws(JSONStop) {
    guard seen & key.bit == 0 else {
      throw reader.stop("duplicate_key", "\(key.name) stands twice in one object")
    }
    seen |= key.bit
  }

  private mutating func require(_ keys: [TapBatchKey], in seen: UInt32) throws(JSONStop) {
    for required in keys where seen & required.bit == 0 {
      key = required
      throw reader.stop("required", "\(required.name) is missing")
    }
  }

  /// Something of another type stands here.
  mutating func wrongType(_ expected: String) -> JSONStop {
    guard !reader.isAtEnd else { return reader.unexpected(expected) }
    return reader.stop("wrong_type", "it must be \(expected); here stands \(reader.valueName)")
  }
}

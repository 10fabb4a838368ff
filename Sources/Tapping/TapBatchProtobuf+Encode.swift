import Basics
import Transit

extension TapBatchProtobuf {
  /// The body of a batch; what is at its default is left out, but for the epoch, which must stand.
  package static func encode(_ batch: TapBatch) -> [UInt8] {
    var writer = ProtobufWriter(bytesReserved: 64 + batch.taps.count * 96)
    writer.text(1, batch.device)
    writer.number(2, batch.epoch)
    writer.time(3, batch.sentAt)
    writer.text(4, batch.tariffVersion)
    writer.number(5, batch.denyListVersion)
    var inner = ProtobufWriter(bytesReserved: 256)
    for tap in batch.taps {
      inner.clear()
      inner.tap(tap)
      writer.data(6, inner.bytes)
    }
    return writer.bytes
  }
}

extension ProtobufWriter {
  fileprivate mutating func tap(_ tap: Tap) {
    number(1, tap.seq)
    time(2, tap.at)
    number(3, tap.kind.wireNumber)
    number(4, tap.medium.wireNumber)
    data(5, tap.token)
    if tap.riders != 1 { number(6, Int64(tap.riders)) }
    var reason: String?
    if case .denied(let word) = tap.result {
      number(7, 2)
      reason = word
    }
    text(8, tap.vehicle)
    text(9, tap.route)
    number(10, tap.direction.map { Int64($0) })
    text(11, tap.trip)
    text(12, tap.stop)
    text(13, tap.zone)
    if let place = tap.coordinate {
      fixed(14, place.latitude.bitPattern)
      fixed(15, place.longitude.bitPattern)
    }
    text(16, reason)
  }
}

extension TapKind {
  /// The number of the kind in `tap_batch.proto`.
  fileprivate var wireNumber: Int64 {
    switch self {
    case .on: 1
    case .off: 2
    case .single: 3
    }
  }
}

extension MediumKind {
  /// The number of the medium in `tap_batch.proto`.
  fileprivate var wireNumber: Int64 {
    switch self {
    case .card: 1
    case .bank: 2
    case .phone: 3
    case .qr: 4
    }
  }
}

import Basics
import Transit

extension TapBatchJSON {
  /// The body of a batch; what is at its default is left out.
  package static func encode(_ batch: TapBatch) -> [UInt8] {
    var writer = BatchWriter(bytesReserved: 128 + batch.taps.count * 256)
    writer.open("{")
    writer.key("device")
    writer.text(batch.device)
    writer.key("epoch")
    writer.number(batch.epoch)
    writer.key("sent_at")
    writer.time(batch.sentAt)
    writer.text("tariff_version", batch.tariffVersion)
    if let version = batch.denyListVersion {
      writer.key("deny_list_version")
      writer.number(version)
    }
    writer.key("taps")
    writer.open("[")
    for tap in batch.taps { writer.tap(tap) }
    writer.close("]")
    writer.close("}")
    return writer.bytes
  }
}

extension BatchWriter {
  /// Writes a key and a text, or nothing.
  fileprivate mutating func text(_ name: StaticString, _ text: String?) {
    guard let text else { return }
    key(name)
    self.text(text)
  }

  fileprivate mutating func tap(_ tap: Tap) {
    open("{")
    key("seq")
    number(tap.seq)
    key("at")
    time(tap.at)
    text("kind", tap.kind.rawValue)
    text("medium", tap.medium.rawValue)
    key("token")
    token(tap.token)
    if tap.riders != 1 {
      key("riders")
      number(Int64(tap.riders))
    }
    if case .denied(let reason) = tap.result {
      text("result", "denied")
      text("deny_reason", reason)
    }
    text("vehicle", tap.vehicle)
    text("route", tap.route)
    if let direction = tap.direction {
      key("direction")
      number(Int64(direction))
    }
    text("trip", tap.trip)
    text("stop", tap.stop)
    text("zone", tap.zone)
    if let coordinate = tap.coordinate {
      key("lat")
      number(coordinate.latitude)
      key("lon")
      number(coordinate.longitude)
    }
    close("}")
  }
}

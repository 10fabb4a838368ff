/// What one connection posts, request after request.
///
/// Prepared ahead of the measured time, so that it measures the service alone; or made one by one
/// while it posts, so that a run may be as long as it likes in the same memory.
struct BatchSupply: Sendable {
  private var prepared: [PreparedBatch] = []
  private var place = 0
  private var source: Source?

  private struct Source: Sendable {
    let preparation: BatchPreparation
    var devices: [LoadDevice]
    var turn = 0
  }

  /// Batches that are there already.
  init(_ prepared: [PreparedBatch]) { self.prepared = prepared }

  /// Batches of some devices in turns, without an end.
  init(making preparation: BatchPreparation, of devices: [LoadDevice]) {
    source = devices.isEmpty ? nil : Source(preparation: preparation, devices: devices)
  }

  /// Whether there is another one.
  var hasMore: Bool { source != nil || place < prepared.count }

  /// The next request, ready for the wire; nil when there is none.
  mutating func next() -> [UInt8]? {
    if var source {
      // Taken out and put back: devices of which there are two would be copied whole.
      self.source = nil
      let batch = source.preparation.next(of: &source.devices[source.turn])
      source.turn = (source.turn + 1) % source.devices.count
      self.source = source
      return batch.request
    }
    guard place < prepared.count else { return nil }
    defer { place += 1 }
    return prepared[place].request
  }
}

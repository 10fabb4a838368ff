import Basics

/// Why a device posts something.
package enum DeliveryCause: String, Sendable, CaseIterable {
  /// In its turn.
  case onTime = "on time"
  /// After hours without a connection.
  case late
  /// The very bytes of an earlier post once more, as after a lost answer.
  case again
  /// Taps that were posted before, cut into other batches.
  case recut
}

/// What a device posts.
package enum DeliveryContent: Hashable, Sendable {
  /// The taps of the device from one number up to another, numbers from 0.
  case taps(Range<Int>)
  /// The positions of its vehicle from one second of the service day up to another.
  case positions(Range<Int>)
}

/// One post of a device.
package struct Delivery: Hashable, Sendable {
  /// Index of the device in the validators' days.
  package let device: Int
  /// When the device posts it, in seconds of the service day.
  package let atSeconds: Int
  package let content: DeliveryContent
  package let cause: DeliveryCause
}

/// What all devices post, in the order in which they do.
package enum Deliveries {
  /// Seconds between a device's posts.
  package static let flushSeconds = 240...360
  /// Most taps in a batch of what piled up.
  package static let backlogTapsMax = 150
  /// Most seconds of positions in a report of what piled up; 20 minutes are about 100 positions.
  package static let backlogPositionSecondsMax = 1200
  /// Seconds after which a tap's delivery counts as late.
  package static let lateSecondsMin = 3600

  /// The posts of every device by time; those of a device keep their order.
  package static func plan(
    _ validators: Validators, mishaps: Mishaps, seed: UInt64
  ) -> [Delivery] {
    var all: [Delivery] = []
    for (index, day) in validators.days.enumerated() {
      let trips = validators.fleet.vehicles[day.vehicleIndex].trips
      guard let first = trips.first, let last = trips.last else { continue }
      var device = DeviceDeliveries(
        device: index, day: day, repeatRate: mishaps.repeatRate,
        generator: SeededGenerator(seed: seed ^ stableHash("posts \(day.device)".utf8)))
      all += device.plan(from: first.startSeconds - 60, to: last.endSeconds + 60)
    }
    // A stable order: the sort of the standard library is one, but does not promise it.
    return all.enumerated().sorted {
      ($0.element.atSeconds, $0.offset) < ($1.element.atSeconds, $1.offset)
    }.map(\.element)
  }
}

/// Plans what one device posts.
private struct DeviceDeliveries {
  let device: Int
  let day: ValidatorDay
  let repeatRate: Double
  var generator: SeededGenerator
  var planned: [Delivery] = []

  init(device: Int, day: ValidatorDay, repeatRate: Double, generator: SeededGenerator) {
    self.device = device
    self.day = day
    self.repeatRate = repeatRate
    self.generator = generator
  }

  mutating func plan(from start: Int, to end: Int) -> [Delivery] {
    var posted = start
    var tapsPosted = 0
    var time = start
    while posted < end {
      time += generator.integer(in: Deliveries.flushSeconds)
      let wasOffline = day.offline.map { $0.contains(time) } ?? false
      if wasOffline, let offline = day.offline { time = offline.upperBound }
      let until = min(time, end)
      let tapsEnd = tapsPosted + newTaps(after: tapsPosted, until: until)
      if wasOffline {
        postBacklog(taps: tapsPosted..<tapsEnd, positions: posted..<until, at: time)
      } else {
        post(.positions(posted..<until), at: time, cause: .onTime)
        if tapsEnd > tapsPosted { post(.taps(tapsPosted..<tapsEnd), at: time, cause: .onTime) }
      }
      posted = until
      tapsPosted = tapsEnd
    }
    // A tap after the last position would be one of a vehicle that has gone home.
    precondition(tapsPosted == day.rides.count, "every recorded tap is posted")
    return planned
  }

  private func newTaps(after count: Int, until seconds: Int) -> Int {
    day.rides[count...].prefix { $0.tappedMilliseconds < seconds * 1000 }.count
  }

  private mutating func postBacklog(taps: Range<Int>, positions: Range<Int>, at time: Int) {
    var contents = Self.cut(taps, countMax: Deliveries.backlogTapsMax).map(DeliveryContent.taps)
    contents += Self.cut(positions, countMax: Deliveries.backlogPositionSecondsMax)
      .map(DeliveryContent.positions)
    // Some devices send what is newest first, others whatever comes to hand.
    if generator.chance(0.5) { contents.reverse() } else { contents.shuffle(using: &generator) }
    for content in contents { post(content, at: time, cause: .late) }
  }

  private mutating func post(_ content: DeliveryContent, at time: Int, cause: DeliveryCause) {
    planned.append(
      Delivery(device: device, atSeconds: time, content: content, cause: cause))
    guard generator.chance(repeatRate) else { return }
    if case .taps(let taps) = content, generator.chance(0.5) {
      recut(taps, at: time)
    } else {
      planned.append(
        Delivery(device: device, atSeconds: time, content: content, cause: .again))
    }
  }

  /// Posts taps a second time together with some before them, cut at another place.
  private mutating func recut(_ taps: Range<Int>, at time: Int) {
    var from = taps.lowerBound
    let wanted = max(0, from - generator.integer(in: 0...5))
    while from > wanted, isPosted(from - 1) { from -= 1 }
    let middle = generator.integer(in: from...taps.upperBound)
    for part in [from..<middle, middle..<taps.upperBound] where !part.isEmpty {
      planned.append(
        Delivery(device: device, atSeconds: time, content: .taps(part), cause: .recut))
    }
  }

  private func isPosted(_ tap: Int) -> Bool {
    planned.contains { delivery in
      guard case .taps(let range) = delivery.content else { return false }
      return range.contains(tap)
    }
  }

  private static func cut(_ range: Range<Int>, countMax: Int) -> [Range<Int>] {
    stride(from: range.lowerBound, to: range.upperBound, by: countMax).map {
      $0..<min($0 + countMax, range.upperBound)
    }
  }
}

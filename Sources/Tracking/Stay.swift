import Basics

/// A stretch of time that a vehicle spent at one place, or passed it.
struct Stay {
  /// How the stay was seen; the less certain, the later.
  enum Kind {
    /// Between door open and door closed.
    case doors
    /// Standing, with nothing said about doors.
    case standing
    /// Driving by, between two positions.
    case passing
  }

  var kind: Kind
  var arrivedAt: Instant
  var departedAt: Instant
  /// Where it began; of a passing stay the end of the way that is earlier.
  var from: Coordinate
  /// Where it ended; as `from` unless passing.
  var to: Coordinate
}

/// Finds the stays in the clean track of one vehicle.
enum StayFinder {
  /// Within this distance a door that opens again opens at the same stop, metres.
  static let reopenMetresMax = 30.0
  /// Within this time a door that opens again opens at the same stop, seconds.
  static let reopenSecondsMax = 120.0
  /// A door that is never reported closed is closed once the vehicle is this far away, metres.
  static let openDoorMetresMax = 50.0
  /// Without a door event for this long, the doors are believed not to be reported, seconds.
  static let doorSilenceSecondsMax = 900.0
  /// A vehicle that moves less than this between positions stands, metres.
  static let standingMetresMax = 20.0
  /// A vehicle that reports no more than this stands, metres per second.
  static let standingSpeedMax = 1.0
  /// A stay longer than this may end one run and begin the next, seconds.
  static let layoverSecondsMin = 40.0
  /// How much of such a stay belongs to the arrival, seconds.
  static let arrivalSeconds: Int64 = 20
  /// Ways between two positions longer than this in time are not filled in, seconds.
  static let passingSecondsMax = 120.0
  /// Ways are looked at in pieces of at most this length, metres, so that no stop is passed over.
  static let pieceMetresMax = 100.0
  /// Most pieces of one way; a longer way has longer pieces.
  static let piecesMax = 64

  /// The stays in order of time: by doors where the vehicle reports them, else by nearness.
  static func stays(in track: [Position]) -> [Stay] {
    var stays = doorStays(in: track)
    for silent in silentRanges(of: track) { stays += nearStays(in: track[silent]) }
    return stays.flatMap(splitLayover).sorted { left, right in
      (left.arrivedAt, left.departedAt) < (right.arrivedAt, right.departedAt)
    }
  }

  /// A long stay in two parts, so that riders who board before the departure count for the next
  /// run.
  private static func splitLayover(_ stay: Stay) -> [Stay] {
    guard stay.kind != .passing, stay.departedAt.secondsSince(stay.arrivedAt) > layoverSecondsMin
    else { return [stay] }
    var (arrival, departure) = (stay, stay)
    arrival.departedAt = stay.arrivedAt.adding(seconds: arrivalSeconds)
    departure.arrivedAt = arrival.departedAt
    return [arrival, departure]
  }

  private static func doorStays(in track: [Position]) -> [Stay] {
    var stays: [Stay] = []
    var isOpen = false
    for position in track {
      if isOpen, let last = stays.indices.last {
        let isFar = stays[last].from.metres(to: position.coordinate) > openDoorMetresMax
        if position.door == .closed || isFar { isOpen = false }
        // What lies far away is not the stay any more; a closing there was heard late.
        if !isFar { stays[last].departedAt = position.at }
      }
      guard position.door == .open, !isOpen else { continue }
      isOpen = true
      if let last = stays.last,
        position.at.secondsSince(last.departedAt) <= reopenSecondsMax,
        last.from.metres(to: position.coordinate) <= reopenMetresMax
      {
        stays[stays.count - 1].departedAt = position.at
      } else {
        stays.append(
          Stay(
            kind: .doors, arrivedAt: position.at, departedAt: position.at,
            from: position.coordinate, to: position.coordinate))
      }
    }
    return stays
  }

  /// Where the track has no door event for so long that its doors are believed not to be reported.
  private static func silentRanges(of track: [Position]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    func close(before end: Int) {
      guard start < end else { return }
      let isAll = start == 0 && end == track.count
      let seconds = track[end - 1].at.secondsSince(track[start].at)
      if isAll || seconds > doorSilenceSecondsMax { ranges.append(start..<end) }
    }
    for index in track.indices where track[index].door != nil {
      close(before: index)
      start = index + 1
    }
    close(before: track.count)
    return ranges
  }

  private static func nearStays(in track: ArraySlice<Position>) -> [Stay] {
    var stays: [Stay] = []
    for position in track {
      guard let last = stays.last else {
        stays.append(point(position))
        continue
      }
      let seconds = position.at.secondsSince(last.departedAt)
      let metres = last.to.metres(to: position.coordinate)
      if last.from == last.to, metres <= standingMetresMax {
        stays[stays.count - 1].departedAt = position.at
        stays[stays.count - 1].kind = .standing
        continue
      }
      if seconds <= passingSecondsMax {
        stays += pieces(from: last, to: position, metres: metres)
      }
      stays.append(point(position))
    }
    return stays
  }

  private static func point(_ position: Position) -> Stay {
    let stands = (position.speedMetresPerSecond ?? .infinity) <= standingSpeedMax
    return Stay(
      kind: stands ? .standing : .passing, arrivedAt: position.at, departedAt: position.at,
      from: position.coordinate, to: position.coordinate)
  }

  private static func pieces(from last: Stay, to position: Position, metres: Double) -> [Stay] {
    let count = min(max(Int((metres / pieceMetresMax).rounded(.up)), 1), piecesMax)
    let span = Double(position.at.microseconds - last.departedAt.microseconds)
    func point(_ share: Double) -> (Instant, Coordinate) {
      let (from, to) = (last.to, position.coordinate)
      return (
        Instant(microseconds: last.departedAt.microseconds + Int64(span * share)),
        Coordinate(
          latitude: from.latitude + (to.latitude - from.latitude) * share,
          longitude: from.longitude + (to.longitude - from.longitude) * share)
      )
    }
    return (0..<count).map { index in
      let (startAt, start) = point(Double(index) / Double(count))
      let (endAt, end) = point(Double(index + 1) / Double(count))
      return Stay(kind: .passing, arrivedAt: startAt, departedAt: endAt, from: start, to: end)
    }
  }
}

extension Stay {
  /// Metres from a point to the nearest place of the stay, and how far along the way that is, 0 to
  /// 1.
  ///
  /// On a plane that touches the earth at the point: exact enough within a few hundred metres.
  func nearest(to point: Coordinate, metresPerLongitude: Double) -> (metres: Double, share: Double)
  {
    let metresPerLatitude = 111_195.08
    let startX = (from.longitude - point.longitude) * metresPerLongitude
    let startY = (from.latitude - point.latitude) * metresPerLatitude
    let wayX = (to.longitude - from.longitude) * metresPerLongitude
    let wayY = (to.latitude - from.latitude) * metresPerLatitude
    let square = wayX * wayX + wayY * wayY
    let share = square > 0 ? min(max(-(startX * wayX + startY * wayY) / square, 0), 1) : 0
    let nearX = startX + wayX * share
    let nearY = startY + wayY * share
    return ((nearX * nearX + nearY * nearY).squareRoot(), share)
  }

  /// The moment at a share of the way.
  func instant(share: Double) -> Instant {
    let span = Double(departedAt.microseconds - arrivedAt.microseconds)
    return Instant(microseconds: arrivedAt.microseconds + Int64(span * share))
  }
}

import Basics

/// Keeps groups of fewer than k riders out of answers to planners.
///
/// A count from 1 to k - 1 is hidden, and any count of fewer than k different riders, however often they rode. It must
/// not follow from other numbers about the same riders either, so every number is rounded; and where a sum would still
/// leave a hidden count only one size, the sum is told a step of k away. Of other questions, whose riders are a part of
/// these, nothing is known here: two hidden fours that a day, a direction or a span of hours tells apart can still be
/// found beside the eight of both.
package struct SmallCells: Hashable, Sendable {
  /// Smallest group that is shown.
  package static let ridersMinDefault = 5

  /// k: the smallest group that is shown, 1 or more; 1 hides nothing.
  package let ridersMin: Int
  /// The most that a hidden cell may stand for: more than k - 1 where few riders rode often.
  private(set) var hiddenMost: Int

  /// Makes a rule; k is 1 or more.
  package init(ridersMin: Int = SmallCells.ridersMinDefault) {
    precondition(ridersMin >= 1, "a group has one rider or more")
    self.ridersMin = ridersMin
    hiddenMost = ridersMin - 1
  }

  /// The rule for counts in which few riders rode often.
  func hiding(_ counts: RideCounts) -> SmallCells {
    var cells = self
    cells.hiddenMost = max(hiddenMost, counts.fewCells?.values.max() ?? 0)
    return cells
  }

  /// The count as it may be shown; nil when it has to be hidden.
  package func shown(_ riders: Int) -> Int? {
    riders == 0 || riders >= ridersMin ? riders : nil
  }

  /// Whether numbers are rounded at all: with k of 1 each is shown as it is.
  package var isRounding: Bool { ridersMin > 1 }

  /// A number as it may be shown beside others: to the nearest multiple of k.
  package func rounded(_ riders: Int) -> Int {
    (riders + ridersMin / 2) / ridersMin * ridersMin
  }

  /// A count as it may be shown beside others: rounded, or nil when it has to be hidden.
  package func cell(_ riders: Int) -> Int? { shown(riders).map(rounded) }

  /// Such a count of people of whom it is known whose rides they are.
  package func cell(_ group: RiderGroup) -> Int? { isFew(group) ? nil : cell(group.people) }

  /// The sum of cells as it may be shown beside them.
  ///
  /// `ways` are the cells that the same riders are shown in: by stop, and by hour. Two cells of 1 to 4
  /// beside a sum of 8 are two fours: such a sum is told a step of k nearer to the middle of what they may be.
  /// It asks nothing of the order of the cells; what the order of a line tells beside it, a load guards by itself.
  package func total(_ ways: [[Int]]) -> Int {
    told(ways.first?.reduce(0, +) ?? 0, ways: ways.map { $0.map(cell) }, within: .any)
  }

  /// A count of a day beside those of its hours: the same wherever it is told, also where the hours are not.
  package func count(_ hours: [Int]) -> Int? { count(hours, cells: hours.map(cell)) }

  /// Such a count beside what is told of its hours; `isFew` says that it is of fewer than k riders.
  func count(_ hours: [Int], cells: [Int?], isFew: Bool = false) -> Int? {
    cell(hours.reduce(0, +), isFew: isFew, ways: [cells], within: .any)
  }

  /// A count of groups beside each of them; of some groups and of others where the sum of these others is told too.
  ///
  /// Those of few riders together are hidden then, as they are without the others: beside these the count would tell them.
  /// But k - 1 of whom each rode once may be told as k, and count nowhere as hidden.
  func count(_ groups: [RiderGroup], besides others: [RiderGroup]) -> Int? {
    var all = RiderGroup()
    for group in groups { all.add(group) }
    guard all.people == 0 || !areFew(all.riders) || isNearlyK(all) else { return nil }
    let groups = groups + others
    for group in others { all.add(group) }
    let told = groups.map { cell($0) }
    // As where few riders rode often.
    var cells = self
    cells.hiddenMost = zip(groups, told).reduce(hiddenMost) {
      $1.1 == nil ? max($0, $1.0.people) : $0
    }
    return cells.count(groups.map(\.people), cells: told, isFew: isFew(all))
  }

  /// How many riders may be meant.
  struct CountRange {
    /// Any number.
    static let any = CountRange(least: .min, most: .max)

    var least: Int
    var most: Int
  }

  /// A number as it may be shown beside the cells it is the sum of, and within what others leave of it: where
  /// only the end of that range would fit, a step of k away.
  func told(_ riders: Int, ways: [[Int?]] = [], within: CountRange) -> Int {
    let near = rounded(riders)
    guard isRounding else { return near }
    return [near, near - ridersMin, near + ridersMin].first { told in
      told >= 0 && told - ridersMin / 2 < within.most && told + ridersMin / 2 > within.least
        && ways.allSatisfy { isOpen(told, over: $0) }
    } ?? near
  }

  /// Such a number, or nil when it has to be hidden.
  ///
  /// Four of whom one is in each of four hidden hours are told as k: hidden, they could be no other number.
  func cell(
    _ riders: Int, isFew: Bool = false, ways: [[Int?]] = [], within: CountRange = .any
  ) -> Int? {
    // Hidden, it may be any number: nobody knows how often few riders rode.
    guard !isFew else { return nil }
    guard let shown = cell(riders) else {
      let parts = ways.map { $0.count { $0 == nil } }.max() ?? 0
      return max(parts, within.least) >= ridersMin - 1 ? ridersMin : nil
    }
    guard shown > 0 else { return shown }
    let told = told(riders, ways: ways, within: within)
    return told > 0 ? told : nil
  }

  /// How many riders a count may stand for, by what is told of it and of its parts.
  func range(of told: Int?, riders: Int, parts: [Int?]) -> CountRange {
    CountRange(
      least: max(
        parts.reduce(0) { $0 + least($1) }, min(told.map { $0 - ridersMin / 2 } ?? 1, riders)),
      most: min(
        parts.reduce(0) { $0 + most($1) }, told.map { $0 + ridersMin / 2 } ?? hiddenMost))
  }

  /// Whether the hidden ones of some cells may be of two sums at least, as far as a total beside them tells.
  private func isOpen(_ total: Int, over told: [Int?]) -> Bool {
    let hiddenCount = told.count { $0 == nil }
    guard hiddenCount > 0 else { return true }
    let lowest = total - ridersMin / 2 - told.reduce(0) { $0 + ($1 == nil ? 0 : most($1)) }
    let highest = total + ridersMin / 2 - told.reduce(0) { $0 + ($1 == nil ? 0 : least($1)) }
    return max(lowest, hiddenCount) < min(highest, hiddenCount * hiddenMost)
  }

  /// The most riders that a cell may stand for.
  func most(_ cell: Int?) -> Int {
    guard let cell else { return hiddenMost }
    return cell == 0 ? 0 : cell + ridersMin / 2
  }

  /// The fewest riders that a cell may stand for.
  func least(_ cell: Int?) -> Int {
    guard let cell else { return 1 }
    return cell == 0 ? 0 : max(ridersMin, cell - ridersMin / 2)
  }

  /// A load profile as planners may see it; `counts` are those of the same rides, by stop and hour, and both count
  /// few riders once.
  ///
  /// What both tell is told by one number. Beside it a load guards the riders on board, whom it alone tells.
  package func protect(_ load: RouteLoad, counts: RideCounts) -> ProtectedLoad {
    let line = LineOrder(stops: load.stops.map(\.stop))
    let counts = counts.countingFewOnce(self, along: line)
    let told = protect(counts, along: line)
    let toldStops = Dictionary(uniqueKeysWithValues: told.stops.map { ($0.stop, $0) })
    return ProtectedLoad(
      stops: hiding(counts).protect(load.stops, counts: counts, toldStops: toldStops),
      boardings: told.boardings, boardingsWithoutAlighting: told.boardingsWithoutAlighting,
      unplacedBoardings: told.unplacedBoardings, boardingsOffLine: told.boardingsOffLine,
      isRounded: isRounding, ridersMin: ridersMin)
  }

  private func protect(
    _ stops: [RouteLoad.StopLoad], counts: RideCounts,
    toldStops: [String: ProtectedCounts.StopCount]
  ) -> [ProtectedLoad.StopLoad] {
    let places = Dictionary(grouping: stops, by: \.stop)
    let guardedBoardings = stopsOfTwoPlaces(places, withFew: \.boarded)
    let guardedAlightings = stopsOfTwoPlaces(places, withFew: \.alighted)
    let guardedWithout = stopsOfTwoPlaces(places, withFew: \.boardedWithoutAlighting)
    // Riders who may be on board, as far as the cells tell.
    var onBoard = CountRange(least: 0, most: 0)
    var hidden: [(on: RiderGroup, off: RiderGroup)] = []
    let told = stops.map { stop in
      // A stop that the line has twice is told by place, and has no hours of its own.
      let shown = places[stop.stop]?.count == 1 ? toldStops[stop.stop] : nil
      func told(
        _ group: RiderGroup, guarded: Set<String>, within: CountRange = .any
      ) -> Int? {
        cell(group.people, isFew: isFew(group) || guarded.contains(stop.stop), within: within)
      }
      let boardings = shown.map(\.boardings) ?? told(stop.boarded, guarded: guardedBoardings)
      let without =
        shown.map(\.boardingsWithoutAlighting)
        ?? told(stop.boardedWithoutAlighting, guarded: guardedWithout)
      let alightings =
        shown.map(\.alightings)
        ?? told(
          stop.alighted, guarded: guardedAlightings,
          within: CountRange(least: 0, most: onBoard.most))
      var unseen = (on: RiderGroup(), off: RiderGroup())
      if boardings == nil { unseen.on.add(stop.boarded) }
      if without == nil { unseen.off.add(stop.boardedWithoutAlighting) }
      if alightings == nil { unseen.off.add(stop.alighted) }
      hidden.append(unseen)
      let boarded =
        guardedBoardings.contains(stop.stop)
        ? Self.guardedRange
        : range(
          of: boardings, riders: stop.boardings, parts: shown?.hourlyBoardings ?? [boardings])
      let alighted =
        guardedAlightings.contains(stop.stop)
        ? Self.guardedRange : CountRange(least: least(alightings), most: most(alightings))
      let gone = guardedWithout.contains(stop.stop) ? Self.guardedRange.most : most(without)
      onBoard.most += boarded.most - alighted.least
      onBoard.least = max(0, onBoard.least + boarded.least - gone - alighted.most)
      return ProtectedLoad.StopLoad(
        stop: stop.stop, boardings: boardings, alightings: alightings,
        departureLoad: cell(
          stop.departureLoad,
          isFew: isFew(RiderGroup(people: stop.departureLoad, riders: stop.aboard)), within: onBoard
        ))
    }
    let loads = hiding(told.map(\.departureLoad), between: hidden)
    return zip(told, loads).map { stop, load in
      ProtectedLoad.StopLoad(
        stop: stop.stop, boardings: stop.boardings, alightings: stop.alightings,
        departureLoad: load)
    }
  }

  /// How many riders a place may have that is hidden for the other place of its stop: any number.
  private static let guardedRange = CountRange(least: 0, most: 1 << 32)

  /// Stops that the line has twice and where one place has few riders who rode often: beside the sum of the stop
  /// what is told of one place would tell the other.
  private func stopsOfTwoPlaces(
    _ places: [String: [RouteLoad.StopLoad]],
    withFew column: KeyPath<RouteLoad.StopLoad, RiderGroup>
  ) -> Set<String> {
    Set(
      places.filter { _, places in
        places.count > 1
          && places.contains { place in
            let group = place[keyPath: column]
            return isFew(group) && group.people >= ridersMin
          }
      }.keys)
  }

  /// Loads without those that would tell hidden cells of fewer than k riders with k people or more.
  ///
  /// A load less the one told before it is who got on less who got off between them, and on a line that begins and ends
  /// empty this holds for the first and the last too. `hidden` are the hidden cells at each stop: many who got off do not
  /// cover who got on, as what is left of both is no less than the difference.
  private func hiding(
    _ loads: [Int?], between hidden: [(on: RiderGroup, off: RiderGroup)]
  ) -> [Int?] {
    func tells(_ group: RiderGroup) -> Bool {
      areFew(group.riders) && group.people >= ridersMin
    }
    var loads = loads
    var open = (on: RiderGroup(), off: RiderGroup())
    func hide(_ place: Int, behind stop: Int) {
      open.on.add(hidden[stop].on)
      open.off.add(hidden[stop].off)
      if tells(open.on) || tells(open.off) {
        loads[place] = nil
      } else if loads[place] != nil {
        open = (RiderGroup(), RiderGroup())
      }
    }
    // Behind the last stop nobody is on board, as everybody knows.
    let places = loads.indices.dropLast()
    var toldCount: Int
    repeat {
      toldCount = loads.count { $0 != nil }
      for place in places { hide(place, behind: place) }
      open = (RiderGroup(), RiderGroup())
      for place in places.reversed() { hide(place, behind: place + 1) }
      open = (RiderGroup(), RiderGroup())
      // What one way hid may leave more to what the other told.
    } while loads.count { $0 != nil } < toldCount
    return loads
  }
}

extension RouteLoad.StopLoad {
  fileprivate var boarded: RiderGroup { RiderGroup(people: boardings, riders: boarders) }
  fileprivate var alighted: RiderGroup { RiderGroup(people: alightings, riders: alighters) }
  fileprivate var boardedWithoutAlighting: RiderGroup {
    RiderGroup(people: boardingsWithoutAlighting, riders: boardersWithoutAlighting)
  }
  fileprivate var groups: [RiderGroup] { [boarded, alighted, boardedWithoutAlighting] }
}

/// A load profile without groups of fewer than k riders.
package struct ProtectedLoad: Hashable, Sendable {
  /// What happened at one stop; nil where the group is too small to be shown.
  package struct StopLoad: Hashable, Sendable {
    /// `stop_id`.
    package let stop: String
    package let boardings: Int?
    package let alightings: Int?
    package let departureLoad: Int?
  }

  package let stops: [StopLoad]
  package let boardings: Int
  package let boardingsWithoutAlighting: Int
  package let unplacedBoardings: Int
  package let boardingsOffLine: Int
  /// Whether all numbers are rounded to multiples of k.
  package let isRounded: Bool
  /// k.
  package let ridersMin: Int
}

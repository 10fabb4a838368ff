package import Basics
import Transit

/// The versions of a city's tariff; a fare day is rated by the one in force on it.
package struct TariffBook: Sendable {
  /// Versions in order of their first day; no two are in force on one day.
  package let versions: [CompiledTariff]

  /// Makes a book; nil without a version, or when two are in force on one day.
  package init?(_ versions: [CompiledTariff]) {
    let sorted = versions.sorted { $0.firstDay < $1.firstDay }
    guard !sorted.isEmpty else { return nil }
    for (earlier, later) in zip(sorted, sorted.dropFirst()) where earlier.lastDay >= later.firstDay
    {
      return nil
    }
    self.versions = TariffBook.dividedByCurrency(sorted)
  }

  /// The version in force on a fare day; nil when there is none.
  package func tariff(on day: Day) -> CompiledTariff? {
    versions.last { $0.firstDay <= day && day <= $0.lastDay }
  }

  /// The clock of the newest version.
  package var cityClock: CityClock { versions[versions.count - 1].cityClock }

  /// Rates a rider's fare day by the version of the day; without one each ride is "no fare".
  package func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase] = []
  ) -> RatedDay {
    if let open = state.boarding, let evening = state.evening {
      return rate(
        day: day, state: state, taps: taps, purchases: purchases, open: open, evening: evening)
    }
    let rated = rateInOrder(day: day, state: state, taps: taps, purchases: purchases)
    return keepingEvening(rated, day: day, state: state, taps: taps, purchases: purchases)
  }

  /// Rates a fare day from the state as it is; with `closes` no further tap is awaited that would end a ride, and
  /// these habits may tell where it ended.
  func rateInOrder(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase],
    closes: [Habit]? = nil
  ) -> RatedDay {
    let tariff = tariff(on: day)
    if let open = state.boarding {
      let before = self.tariff(on: fareDay(of: open.at))
      if before == nil || before?.version != tariff?.version {
        return rate(
          day: day, state: state, taps: taps, purchases: purchases, opened: (open, before), tariff,
          closes: closes)
      }
    }
    guard let tariff else {
      return unknown(day: day, state: state, taps: taps)
    }
    return tariff.rate(
      day: day, state: state, taps: taps, purchases: purchases, closes: closes)
  }

  private func unknown(day: Day, state: RiderState, taps: [FareTap]) -> RatedDay {
    let nearest = versions.last { $0.firstDay <= day } ?? versions[0]
    return nearest.unknownDay(state: state, taps: taps, why: "date:\(day)")
  }

  /// Rates a day on which a ride is open that began under another version.
  ///
  /// That version ends it, gives it up or carries it on, by its own limit and in its own currency; all
  /// else is of the version of the day, which alone lets go of what the day leaves.
  private func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase],
    opened: (tap: FareTap, tariff: CompiledTariff?), _ tariff: CompiledTariff?,
    closes: [Habit]?
  ) -> RatedDay {
    let (own, rest) = divided(taps, open: opened.tap, day: day, state: state)
    var first: RatedDay
    if let before = opened.tariff {
      var going = before.rateFirstPart(day: day, state: state, taps: own)
      if let closes { going.state.habits = closes }
      let isGivenUp = closes != nil || rest.contains { $0.kind == .on }
      first =
        isGivenUp ? going.followed(by: before.close(going.state, keepsAll: true)) : going
    } else {
      first = close(state)
    }
    // What the old version counts is in a currency that the day does not have.
    if let before = opened.tariff, let tariff, before.currency != tariff.currency {
      first.state.takeMoney(of: state)
    }
    var second: RatedDay
    if let tariff, first.state.hasOpenRide {
      second = tariff.rateBesideOpenRide(
        day: day, state: first.state, taps: rest, purchases: purchases)
      second.state.boarding = first.state.boarding
    } else if let tariff {
      second = tariff.rate(
        day: day, state: first.state, taps: rest, purchases: purchases, closes: closes)
    } else {
      second = unknown(day: day, state: first.state, taps: rest)
    }
    return first.followed(by: second)
  }

  /// Ends the ride that is still open when no further tap is awaited.
  package func close(_ state: RiderState) -> RatedDay {
    guard let boarding = state.boarding else { return RatedDay(rides: [], state: state) }
    if let evening = state.evening {
      var plain = state
      plain.evening = nil
      let closed = close(plain)
      guard let late = closed.rides.first,
        let turn = turn(of: late, open: boarding, by: nil, after: evening, before: nil)
      else { return closed }
      return RatedDay(rides: [turn.ride], state: turn.state)
    }
    let day = fareDay(of: boarding.at)
    guard let tariff = tariff(on: day) else {
      var state = state
      state.boarding = nil
      return versions[0].unknownDay(state: state, taps: [boarding], why: "date:\(day)")
    }
    return tariff.close(state)
  }
}

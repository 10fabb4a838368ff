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
    self.versions = sorted
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
    guard let tariff = tariff(on: day) else {
      let nearest = versions.last { $0.firstDay <= day } ?? versions[0]
      return nearest.unknownDay(state: state, taps: taps, why: "date:\(day)")
    }
    if let open = state.boarding, let before = self.tariff(on: fareDay(of: open.at)),
      before.version != tariff.version
    {
      return rate(day: day, state: state, taps: taps, purchases: purchases, before, tariff)
    }
    return tariff.rate(day: day, state: state, taps: taps, purchases: purchases)
  }

  /// Rates a day on which a ride is open that began under the version before: that version ends it.
  private func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase],
    _ before: CompiledTariff, _ tariff: CompiledTariff
  ) -> RatedDay {
    var rest = taps.sorted(by: FareTap.isBefore)
    guard let place = rest.firstIndex(where: { $0.kind != .single }) else {
      return tariff.rate(day: day, state: state, taps: taps, purchases: purchases)
    }
    let opened = fareDay(of: state.boarding?.at ?? rest[place].at)
    let first: RatedDay
    if rest[place].kind == .off {
      first = before.rate(day: opened, state: state, taps: [rest.remove(at: place)])
    } else {
      first = before.close(state)
    }
    let second = tariff.rate(day: day, state: first.state, taps: rest, purchases: purchases)
    return RatedDay(
      rides: first.rides + second.rides, state: second.state,
      unpaired: first.unpaired + second.unpaired)
  }

  /// Ends the ride that is still open when no further tap is awaited.
  package func close(_ state: RiderState) -> RatedDay {
    guard let boarding = state.boarding else { return RatedDay(rides: [], state: state) }
    let day = cityClock.fareDay(of: boarding.at)
    guard let tariff = tariff(on: day) else {
      var state = state
      state.boarding = nil
      return versions[0].unknownDay(state: state, taps: [boarding], why: "date:\(day)")
    }
    return tariff.close(state)
  }
}

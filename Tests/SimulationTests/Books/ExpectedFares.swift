import Basics
import SimulatedCity
import Tariff
import Transit

/// A ride as it should be.
struct ExpectedRide: Sendable {
  let tap: MadeTap
  let category: String
  let charged: Int64?
}

/// Works out every fare from the taps as they were made.
struct ExpectedFares {
  let model: BooksModel
  private let book: TariffBook?

  struct NoTariff: Error {}

  init(_ model: BooksModel) throws {
    self.model = model
    guard !model.plan.isByHand else {
      book = nil
      return
    }
    let versions = try model.versions.flatMap { price in
      let source = TariffSource(
        folder: "simulated",
        files: [TariffFile(path: TariffSource.mainPath, text: model.plan.tariff(price))])
      guard let book = source.load().book else { throw NoTariff() }
      return book.versions
    }
    guard let book = TariffBook(published: versions) else { throw NoTariff() }
    self.book = book
  }

  /// The rides of a rider, day after day.
  func rides(of rider: RiderID) -> [ExpectedRide] {
    let days = Dictionary(grouping: model.taps[rider] ?? [], by: \.day)
    guard let book else {
      return days.keys.sorted().flatMap { day in
        byHand(
          days[day] ?? [], category: model.category(of: rider, on: day), price: price(on: day))
      }
    }
    let bought = Dictionary(grouping: model.purchases[rider] ?? [], by: \.day)
    var state = RiderState.empty
    var rides: [ExpectedRide] = []
    for day in Set(days.keys).union(bought.keys).sorted() {
      let category = model.category(of: rider, on: day)
      let taps = days[day] ?? []
      let rated = book.rate(
        day: day, state: state,
        taps: taps.enumerated().map { fareTap($1, ref: $0, category: category) },
        purchases: (bought[day] ?? []).map { FarePurchase(product: $0.product, at: $0.at) })
      state = rated.state
      rides += rated.rides.map {
        ExpectedRide(tap: taps[$0.boardRef], category: $0.category, charged: $0.chargedMinor)
      }
    }
    return rides
  }

  private func fareTap(_ tap: MadeTap, ref: Int, category: String) -> FareTap {
    let line = CityPlan.lines[tap.line]
    return FareTap(
      ref: ref, at: tap.at, kind: .single, medium: tap.medium.kind, category: category,
      mode: line.mode, operatorID: line.operatorID, route: line.id, stop: tap.stop)
  }

  private func price(on day: Day) -> CityPrice? {
    model.versions.last { $0.first <= day }
  }

  /// The tariff in a dozen lines: a price, thirty minutes of free transfer, and a day's limit.
  private func byHand(
    _ taps: [MadeTap], category: String, price: CityPrice?
  ) -> [ExpectedRide] {
    guard let price else { return [] }
    let share: Int64 = category == "student" ? 2 : 1
    var paid: Int64 = 0
    var opened: Instant?
    return taps.sorted { $0.at < $1.at }.map { tap in
      var charged: Int64 = 0
      let isTransfer = opened.map { tap.at.secondsSince($0) <= 1800 } ?? false
      if category != "pensioner", !isTransfer {
        charged = min(price.adult / share, price.dayCap / share - paid)
        opened = tap.at
      }
      paid += charged
      return ExpectedRide(tap: tap, category: category, charged: charged)
    }
  }
}

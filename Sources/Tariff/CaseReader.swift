package import Basics
import Transit

/// A worked example: what a rider does, and what it must cost.
package struct TariffCase: Sendable {
  package var file: String
  package var line: Int
  package var name: String
  package var rider: PricedRider
  /// What each ride must come to, in order of time.
  package var expected: [ExpectedRide]
  /// Taps off alone, of which no ride may come.
  package var unpaired: [ExpectedRide] = []
  /// What all known fares must come to; nil when the case does not say.
  package var totalMinor: Int64?
}

/// What one ride of a worked example must come to.
package struct ExpectedRide: Sendable {
  package var line: Int
  package var at: Instant
  /// Minor units to pay; nil when no fare may be known.
  package var paysMinor: Int64?
  /// Minor units the ride costs by itself; nil when the case does not say.
  package var costsMinor: Int64?
  /// Words that the reason must contain, in one of the languages.
  package var because: String?
}

/// Reads the files of `cases/`.
struct CaseReader {
  let faults: FaultList
  let book: TariffBook

  /// Reads all cases of a file; what is wrong with it goes to the faults.
  static func read(_ file: TariffFile, book: TariffBook) -> ([TariffCase], [TariffFault]) {
    let faults = FaultList(file: file.path)
    let reader = CaseReader(faults: faults, book: book)
    var cases: [TariffCase] = []
    do throws(TariffFault) {
      for document in try YAMLTree.documents(file.text, file: file.path) {
        for element in document.elements {
          if let found = reader.readCase(element) { cases.append(found) }
        }
      }
    } catch {
      return ([], [error])
    }
    if cases.isEmpty, !faults.hasErrors { faults.warn(1, "the file holds no case") }
    return (cases, faults.faults)
  }

  private func readCase(_ tree: YAMLTree) -> TariffCase? {
    guard let fields = Fields(tree, "a case", faults) else { return nil }
    guard let name = fields.require("case")?.text else { return nil }
    let category = fields.text("category") ?? "adult"
    var found = TariffCase(
      file: faults.file, line: tree.line, name: name,
      rider: PricedRider(name: name, category: category), expected: [], totalMinor: nil)
    let errors = faults.errorCount
    let day = fields.day("day")
    // Without its day no time of the case can be read.
    guard faults.errorCount == errors else { return nil }
    let medium = fields.text("medium")
    for element in fields.take("buys")?.elements ?? [] {
      if let purchase = readPurchase(element, day: day) { found.rider.purchases.append(purchase) }
    }
    for element in fields.require("rides")?.elements ?? [] {
      readRide(element, into: &found, day: day, medium: medium)
    }
    let first = found.rider.taps.map(\.at).min()
    if let balance = fields.take("balance") { found.rider.balanceMinor = amount(balance, first) }
    if let total = fields.take("total") { found.totalMinor = amount(total, first) }
    fields.finish()
    found.expected.sort { $0.at < $1.at }
    found.unpaired.sort { $0.at < $1.at }
    return found
  }

  private func readPurchase(_ tree: YAMLTree, day: Day?) -> FarePurchase? {
    guard let fields = Fields(tree, "a purchase", faults) else { return nil }
    let product = fields.require("product")?.text ?? ""
    let at = fields.require("at").flatMap { moment($0, day: day) }
    fields.finish()
    let isKnown = book.versions.contains { $0.products.contains(product) }
    if !isKnown { faults.error(tree.line, "the tariff has no product \"\(product)\"") }
    return at.map { FarePurchase(product: product, at: $0) }
  }

  private func readRide(
    _ tree: YAMLTree, into found: inout TariffCase, day: Day?, medium: String?
  ) {
    guard let fields = Fields(tree, "a ride", faults) else { return }
    let errors = faults.errorCount
    let single = fields.take("at").flatMap { moment($0, day: day) }
    let start = fields.take("on").flatMap { moment($0, day: day) }
    let end = fields.take("off").flatMap { moment($0, day: day) }
    guard let at = single ?? start ?? end else {
      guard faults.errorCount == errors else { return }
      faults.error(
        tree.line,
        "a ride has \"at\" (one tap) or \"on\" and perhaps \"off\"; a tap off alone has \"off\"")
      return
    }
    let media = fields.text("medium") ?? medium ?? "card"
    var tap = FareTap(
      ref: found.rider.taps.count, at: at, kind: single == nil ? .on : .single,
      medium: MediumKind(rawValue: media) ?? .card, category: found.rider.category)
    tap.mediumName = media
    tap.modeName = fields.text("mode")
    tap.mode = tap.modeName.flatMap { Mode(rawValue: $0) }
    tap.operatorID = fields.text("operator")
    tap.route = fields.text("route")
    tap.vehicle = fields.text("vehicle")
    tap.riders = fields.integer("riders", 1...100) ?? 1
    tap.direction = fields.integer("direction", 0...1)
    var off = tap
    tap.stop = fields.text("stop")
    tap.zone = fields.text("zone")
    off.ref += 1
    off.kind = .off
    off.stop = fields.text("to_stop")
    off.zone = fields.text("to_zone")
    if let km = fields.text("km") {
      if let length = Double(km), length >= 0, length < 100_000 {
        off.distanceMetres = Int((length * 1000).rounded())
      } else {
        faults.error(
          fields.line, "\"km\" is kilometres such as 3.5, not \(km.quoted(bytesMax: 40))")
      }
    }
    off.stopCount = fields.integer("stops", 1...1000)
    let isAlone = single == nil && start == nil
    if !isAlone { found.rider.taps.append(tap) }
    if let end {
      off.at = end
      if isAlone { off.ref = tap.ref }
      found.rider.taps.append(off)
    }
    let makesNone = fields.flag("no_ride") == true
    if isAlone, !makesNone {
      faults.error(tree.line, "a tap off alone makes no ride; say so with \"no_ride: yes\"")
    } else if isAlone {
      var alone = ExpectedRide(line: tree.line, at: at)
      alone.because = fields.text("because")
      found.unpaired.append(alone)
    } else if !makesNone {
      found.expected.append(readExpected(fields, at: at))
    }
    fields.finish()
  }

  private func readExpected(_ fields: Fields, at: Instant) -> ExpectedRide {
    var ride = ExpectedRide(line: fields.line, at: at)
    if let pays = fields.require("pays"), pays.text != "unknown" {
      ride.paysMinor = amount(pays, at)
    }
    if let costs = fields.take("costs") { ride.costsMinor = amount(costs, at) }
    ride.because = fields.text("because")
    return ride
  }

  /// Minor units in the currency of the version in force.
  private func amount(_ tree: YAMLTree, _ at: Instant?) -> Int64? {
    let version =
      at.flatMap { book.tariff(on: book.fareDay(of: $0)) } ?? book.versions[book.versions.count - 1]
    let digits = version.tables.countsInMinor ? 0 : version.currency.minorDigits
    guard let text = tree.text, let minor = TariffReader.minor(text, digits: digits) else {
      faults.error(tree.line, "\(tree.kindText) is no amount in \(version.currency.code)")
      return nil
    }
    return minor
  }

  /// `08:00` on the day of the case, `2026-11-23 08:00` in local time, or ISO 8601 with an offset.
  private func moment(_ tree: YAMLTree, day: Day?) -> Instant? {
    guard let text = tree.text else { return nil }
    if let instant = Instant(iso8601: text) { return instant }
    let parts = text.split(separator: " ").map(String.init)
    let date = parts.count == 2 ? Day(parts[0]) : day
    guard let date, (1...2).contains(parts.count),
      let seconds = clockSeconds(parts[parts.count - 1])
    else {
      faults.error(
        tree.line,
        "\(tree.kindText) is no time; write \"08:00\" with a \"day\" for the case, or "
          + "\"2026-11-23 08:00\"")
      return nil
    }
    return book.cityClock.zone.instant(of: LocalTime(day: date, secondOfDay: seconds))
  }
}

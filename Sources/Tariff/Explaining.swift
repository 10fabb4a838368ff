package import Basics
import Transit

extension PriceTable {
  /// The riders of a table of taps step by step, all of them or those of one case.
  package static func explanation(
    taps: [UInt8], case name: String?, book: TariffBook,
    beside supplements: Supplements = Supplements(), language: Language = .english,
    file: String = "taps.csv"
  ) throws(TariffFault) -> String {
    let riders = try riders(taps: taps, book: book, beside: supplements, file: file)
      .filter { rider in name.map { rider.name == $0 } ?? true }
    return riders.map { explanation(of: $0, book: book, language: language) }
      .joined(separator: "\n")
  }

  /// A rider's rides step by step, in words.
  package static func explanation(
    of rider: PricedRider, book: TariffBook, language: Language
  ) -> String {
    let zone = book.cityClock.zone
    var lines = [
      Bilingual(
        uk: "\(rider.name) (\(rider.category))", en: "\(rider.name) (\(rider.category))")[language]
    ]
    for purchase in rider.purchases {
      lines.append(
        "\(zone.iso8601(purchase.at)) "
          + Bilingual(
            uk: "куплено «\(purchase.product)»", en: "bought \"\(purchase.product)\"")[language])
    }
    var total: Int64 = 0
    let (rides, unpaired) = outcome(of: rider, book: book)
    for (index, ride) in rides.enumerated() {
      let version = book.tariff(on: book.fareDay(of: ride.at))?.version ?? "-"
      lines.append(head(ride, index + 1, zone, version, language))
      for step in ride.reason.steps {
        lines.append("   • " + step.phrase(in: language, ride.currency))
      }
      for step in ride.reason.notApplied {
        if let refusal = step.refusal(in: language) { lines.append("   ◦ " + refusal) }
      }
      total += ride.chargedMinor ?? 0
      lines.append("   = " + outcome(ride, language))
    }
    for tap in unpaired {
      lines.append("— \(zone.iso8601(tap.at)) " + tap.sentence(in: language))
    }
    let currency = book.versions[book.versions.count - 1].currency
    let sum = Money(minor: total, currency: currency)
    lines.append(Bilingual(uk: "Разом: \(sum)", en: "Total: \(sum)")[language])
    return lines.joined(separator: "\n") + "\n"
  }

  private static func head(
    _ ride: RatedRide, _ number: Int, _ zone: TimeZoneTable, _ version: String,
    _ language: Language
  ) -> String {
    let words = [ride.mode?.rawValue, ride.operatorID, ride.route].compactMap { $0 }
    let until = ride.endedAt.map { " – " + zone.iso8601($0) } ?? ""
    return Bilingual(
      uk: "\(number). \(zone.iso8601(ride.at))\(until) \(words.joined(separator: " ")) "
        + "[тариф \(version)]",
      en: "\(number). \(zone.iso8601(ride.at))\(until) \(words.joined(separator: " ")) "
        + "[tariff \(version)]")[language]
  }

  private static func outcome(_ ride: RatedRide, _ language: Language) -> String {
    guard let charged = ride.chargedMinor, let nominal = ride.nominalMinor else {
      return Bilingual(uk: "тариф невідомий", en: "no fare is known")[language]
    }
    let pays = Money(minor: charged, currency: ride.currency)
    let costs = Money(minor: nominal, currency: ride.currency)
    return Bilingual(
      uk: "до сплати \(pays) (сама поїздка \(costs))", en: "pays \(pays) (by itself \(costs))")[
        language]
  }
}

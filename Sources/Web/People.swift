package import Basics
import Transit

/// How numbers, money and times are written for readers of a language.
package struct People: Sendable {
  let language: Language
  let zone: TimeZoneTable

  /// Makes the writer for a language, with times on the clock of a zone.
  package init(language: Language, zone: TimeZoneTable) {
    self.language = language
    self.zone = zone
  }

  /// A word of the catalogue.
  func text(_ name: String) -> String { Texts.all[name]?[language] ?? name }

  /// A sentence of the program in the language of the reader; as it stands where nothing else is known.
  func told(_ text: String) -> String {
    language == .english ? text : ToldSentence.ukrainian(of: text) ?? text
  }

  /// A whole number in groups of three: `12 345` or `12,345`; four digits stay together in Ukrainian.
  package func number(_ value: some BinaryInteger) -> String {
    let digits = String(value.magnitude)
    let sign = value < 0 ? "\u{2212}" : ""
    guard digits.count > (language == .ukrainian ? 4 : 3) else { return sign + digits }
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 {
        grouped += language == .ukrainian ? "\u{202F}" : ","
      }
      grouped.append(digit)
    }
    return sign + grouped
  }

  /// A number with one decimal place.
  func decimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    let point = language == .ukrainian ? "," : "."
    let sign = tenths < 0 ? "\u{2212}" : ""
    let size = tenths.magnitude
    return sign + number(size / 10) + point + String(size % 10)
  }

  /// An amount with its currency: `1 234,50 UAH` or `1,234.50 UAH`.
  package func money(_ minor: Int64, _ currency: Currency) -> String {
    amount(minor, currency) + "\u{00A0}" + currency.code
  }

  /// An amount without its currency.
  func amount(_ minor: Int64, _ currency: Currency) -> String {
    let digits = currency.minorDigits
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    let sign = minor < 0 ? "\u{2212}" : ""
    let whole = number(minor.magnitude / scale)
    let point = language == .ukrainian ? "," : "."
    let rest = digits == 0 ? "" : point + padded(Int(minor.magnitude % scale), digits)
    return sign + whole + rest
  }

  /// Degrees to four decimal places, about ten metres.
  func degrees(_ value: Double) -> String {
    let size = Int((abs(value) * 10_000).rounded())
    let sign = value < 0 ? "\u{2212}" : ""
    // A point in both languages: these are for machines and maps.
    return sign + String(size / 10_000) + "." + padded(size % 10_000, 4)
  }

  /// A date: `22.11.2026` or `22 Nov 2026`.
  package func day(_ day: Day) -> String {
    let (year, month, date) = day.civil
    guard language == .english else {
      return padded(date, 2) + "." + padded(month, 2) + "." + padded(year, 4)
    }
    let names = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    return "\(date) \(names[month - 1]) \(year)"
  }

  /// The time of day to the second on the clock of the city.
  package func clock(_ instant: Instant) -> String {
    clockText(seconds: zone.local(instant).secondOfDay)
  }

  /// Date and time of day on the clock of the city.
  package func moment(_ instant: Instant) -> String {
    day(zone.local(instant).day) + " " + clock(instant)
  }

  /// A span of seconds in the largest fitting unit: `42 s`, `7 min`, `3 h`, `2 d`.
  package func span(seconds: Double) -> String {
    let words: [(Double, String, String)] = [
      (86_400, "д", "d"), (3600, "год", "h"), (60, "хв", "min"), (0, "с", "s"),
    ]
    for (size, ukrainian, english) in words where seconds >= size {
      let unit = language == .ukrainian ? ukrainian : english
      return number(Int64(seconds / max(size, 1))) + "\u{00A0}" + unit
    }
    return "0\u{00A0}" + (language == .ukrainian ? "с" : "s")
  }
}

extension Network {
  /// What people call a route that a tap names; what the tap says, where the network knows no such route.
  func routeName(of said: String) -> String {
    resolveRoute(said).map { routes[$0].name } ?? said
  }
}

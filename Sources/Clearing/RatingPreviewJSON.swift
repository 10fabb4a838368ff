package import Basics
import Store

/// A preview as it is kept with an order.
extension RatingPreview {
  /// The preview as JSON, as it is kept with an order.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("from", firstDay.description)
    writer.member("to", lastDay.description)
    for (key, value) in counts { writer.member(key, value) }
    writer.member("change_minor", changeMinor)
    for (name, sums) in [
      ("changes", changes), ("ordered_changes", ordered), ("placed_changes", placed),
    ] {
      writer.member(name, objects: sums.sorted { $0.key.code < $1.key.code }) { writer, sum in
        writer.member("currency", sum.key.code)
        writer.member("change_minor", sum.value)
      }
    }
    let ofOperators = orderedOperators.sorted {
      ($0.key.operatorID, $0.key.currency.code) < ($1.key.operatorID, $1.key.currency.code)
    }
    writer.member("ordered_operators", objects: ofOperators) { writer, sum in
      writer.member("operator", sum.key.operatorID)
      writer.member("currency", sum.key.currency.code)
      writer.member("change_minor", sum.value)
    }
    writeDays(to: &writer)
    writeOperators(to: &writer)
    writer.key("largest_changes")
    writer.beginArray()
    for change in largest {
      writer.beginObject()
      writer.member("rider", change.rider.description)
      writer.member("currency", change.currency.code)
      writer.member("before_minor", change.beforeMinor)
      writer.member("after_minor", change.afterMinor)
      writer.endObject()
    }
    writer.endArray()
    if let edition {
      if let feed = edition.feedID { writer.member("feed", feed) }
      writer.member("tariffs", edition.tariffCount)
    }
    writer.endObject()
    return writer.bytes
  }

  private func writeOperators(to writer: inout JSONWriter) {
    writer.key("operators")
    writer.beginArray()
    for change in operators {
      writer.beginObject()
      if let id = change.operatorID { writer.member("operator", id) }
      writer.member("currency", change.currency.code)
      writer.member("rides_reversed", change.ridesReversed)
      writer.member("rides_added", change.ridesAdded)
      writer.member("before_minor", change.beforeMinor)
      writer.member("after_minor", change.afterMinor)
      writer.member("without_fare_before", change.withoutFareBefore)
      writer.member("without_fare_after", change.withoutFareAfter)
      writer.endObject()
    }
    writer.endArray()
  }

  /// As ``json``.
  var text: String { String(decoding: json, as: UTF8.self) }

  /// The counts by the names under which they are told.
  package var counts: [(name: String, value: Int)] {
    [
      ("riders", riders), ("rider_days", riderDays), ("stale_days", staleDays),
      ("carried_days", carriedDays), ("changed_riders", changedRiders),
      ("changed_days", changedDays), ("rides_reversed", ridesReversed),
      ("rides_added", ridesAdded), ("rides_shared_anew", ridesSharedAnew),
      ("taps_placed_anew", tapsPlacedAnew),
    ]
  }

  private func writeDays(to writer: inout JSONWriter) {
    writer.key("days")
    writer.beginArray()
    for change in days {
      writer.beginObject()
      writer.member("day", change.day.description)
      writer.member("currency", change.currency.code)
      writer.member("rides_reversed", change.ridesReversed)
      writer.member("rides_added", change.ridesAdded)
      writer.member("before_minor", change.beforeMinor)
      writer.member("after_minor", change.afterMinor)
      writer.endObject()
    }
    writer.endArray()
  }
}

/// A preview as it is read again.
extension RatingPreview {
  /// Reads a preview that was kept with an order.
  package init(kept json: String) throws(JSONFault) {
    self.init(Day(number: 0)...Day(number: 0))
    var feed: Int64?
    var tariffs: Int64?
    var reader = JSONReader(Array(json.utf8))
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "from": firstDay = try Self.day(&reader)
      case "to": lastDay = try Self.day(&reader)
      case "changes": changes = try Self.sums(&reader)
      case "ordered_changes": ordered = try Self.sums(&reader)
      case "placed_changes": placed = try Self.sums(&reader)
      case "ordered_operators":
        for row in try Self.rows(&reader) {
          orderedOperators[try row.operatorMoney(reader)] = row["change_minor"]
        }
      case "feed": feed = try reader.int64()
      case "tariffs": tariffs = try reader.int64()
      case "days": take(try Self.days(&reader))
      case "operators":
        for row in try Self.rows(&reader) { operators.append(try row.ofOperator(reader)) }
      case "largest_changes":
        for row in try Self.rows(&reader) { largest.append(try row.ofRider(reader)) }
      default:
        guard counts.contains(where: { $0.name == key }) else {
          try reader.skipValue()
          continue
        }
        take(Int(try reader.int64()), of: key)
      }
    }
    edition = tariffs.map { CityEdition(feedID: feed, tariffCount: Int($0)) }
  }

  /// What a kept preview says of the days; nil where it does not tell them.
  static func days(of json: String) throws(JSONFault) -> [DayChange]? {
    var reader = JSONReader(Array(json.utf8))
    var days: [DayChange]?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if key == "days" { days = try Self.days(&reader) } else { try reader.skipValue() }
    }
    return days
  }

  private mutating func take(_ count: Int, of name: String) {
    switch name {
    case "riders": riders = count
    case "rider_days": riderDays = count
    case "stale_days": staleDays = count
    case "carried_days": carriedDays = count
    case "changed_riders": changedRiders = count
    case "changed_days": changedDays = count
    case "rides_reversed": ridesReversed = count
    case "rides_added": ridesAdded = count
    case "rides_shared_anew": ridesSharedAnew = count
    case "taps_placed_anew": tapsPlacedAnew = count
    default: preconditionFailure("a preview counts no \(name)")
    }
  }

  private static func day(_ reader: inout JSONReader) throws(JSONFault) -> Day {
    guard let day = Day(try reader.string()) else { throw reader.fault("is no day") }
    return day
  }

  private static func sums(_ reader: inout JSONReader) throws(JSONFault) -> [Currency: Int64] {
    var sums: [Currency: Int64] = [:]
    for row in try rows(&reader) { sums[try row.currency(reader)] = row["change_minor"] }
    return sums
  }

  private static func days(_ reader: inout JSONReader) throws(JSONFault) -> [DayChange] {
    var days: [DayChange] = []
    for row in try rows(&reader) { days.append(try row.ofDay(reader)) }
    return days
  }

  private static func rows(_ reader: inout JSONReader) throws(JSONFault) -> [KeptRow] {
    var rows: [KeptRow] = []
    try reader.beginArray()
    while try reader.nextElement() {
      var row = KeptRow()
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "day", "currency", "operator", "rider": row.words[key] = try reader.string()
        default: row.numbers[key] = try reader.int64()
        }
      }
      rows.append(row)
    }
    return rows
  }

  /// An object of a kept preview: some words, and numbers.
  private struct KeptRow {
    var words: [String: String] = [:]
    var numbers: [String: Int64] = [:]

    subscript(name: String) -> Int64 { numbers[name] ?? 0 }

    func currency(_ reader: JSONReader) throws(JSONFault) -> Currency {
      guard let currency = words["currency"].flatMap({ Currency($0) }) else {
        throw reader.fault("lacks its currency")
      }
      return currency
    }

    func ofDay(_ reader: JSONReader) throws(JSONFault) -> DayChange {
      guard let day = words["day"].flatMap({ Day($0) }) else {
        throw reader.fault("lacks its day")
      }
      return DayChange(
        day: day, currency: try currency(reader), ridesReversed: Int(self["rides_reversed"]),
        ridesAdded: Int(self["rides_added"]), beforeMinor: self["before_minor"],
        afterMinor: self["after_minor"])
    }

    func operatorMoney(_ reader: JSONReader) throws(JSONFault) -> OperatorMoney {
      guard let id = words["operator"] else { throw reader.fault("lacks its operator") }
      return OperatorMoney(operatorID: id, currency: try currency(reader))
    }

    func ofOperator(_ reader: JSONReader) throws(JSONFault) -> OperatorChange {
      OperatorChange(
        operatorID: words["operator"], currency: try currency(reader),
        ridesReversed: Int(self["rides_reversed"]), ridesAdded: Int(self["rides_added"]),
        beforeMinor: self["before_minor"], afterMinor: self["after_minor"],
        withoutFareBefore: Int(self["without_fare_before"]),
        withoutFareAfter: Int(self["without_fare_after"]))
    }

    func ofRider(_ reader: JSONReader) throws(JSONFault) -> RiderChange {
      guard let rider = words["rider"].flatMap({ RiderID($0) }) else {
        throw reader.fault("lacks its rider")
      }
      return RiderChange(
        rider: rider, currency: try currency(reader), beforeMinor: self["before_minor"],
        afterMinor: self["after_minor"])
    }
  }
}

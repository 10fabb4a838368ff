import Basics

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
    writer.key("changes")
    writer.beginArray()
    for (currency, minor) in changes.sorted(by: { $0.key.code < $1.key.code }) {
      writer.beginObject()
      writer.member("currency", currency.code)
      writer.member("change_minor", minor)
      writer.endObject()
    }
    writer.endArray()
    writeDays(to: &writer)
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
      writer.endObject()
    }
    writer.endArray()
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
    writer.endObject()
    return writer.bytes
  }

  /// The counts by the names under which they are told.
  package var counts: [(name: String, value: Int)] {
    [
      ("riders", riders), ("rider_days", riderDays), ("stale_days", staleDays),
      ("carried_days", carriedDays), ("changed_riders", changedRiders),
      ("changed_days", changedDays), ("rides_reversed", ridesReversed),
      ("rides_added", ridesAdded),
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

  /// What a kept preview says of the days; nil where it does not tell them.
  static func days(of json: String) throws(JSONFault) -> [DayChange]? {
    var reader = JSONReader(Array(json.utf8))
    var days: [DayChange]?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard key == "days" else {
        try reader.skipValue()
        continue
      }
      var found: [DayChange] = []
      try reader.beginArray()
      while try reader.nextElement() {
        guard let day = try Self.day(&reader) else { return nil }
        found.append(day)
      }
      days = found
    }
    return days
  }

  private static func day(_ reader: inout JSONReader) throws(JSONFault) -> DayChange? {
    var words: [String: String] = [:]
    var numbers: [String: Int64] = [:]
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "day", "currency": words[key] = try reader.string()
      case "rides_reversed", "rides_added", "before_minor", "after_minor":
        numbers[key] = try reader.int64()
      default: try reader.skipValue()
      }
    }
    guard let day = words["day"].flatMap({ Day($0) }),
      let currency = words["currency"].flatMap({ Currency($0) })
    else { return nil }
    return DayChange(
      day: day, currency: currency, ridesReversed: Int(numbers["rides_reversed"] ?? 0),
      ridesAdded: Int(numbers["rides_added"] ?? 0), beforeMinor: numbers["before_minor"] ?? 0,
      afterMinor: numbers["after_minor"] ?? 0)
  }
}

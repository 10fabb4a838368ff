import Basics
import SwiftProtobuf

/// Why bytes are not a GTFS-Realtime message.
package struct FeedMessageFault: Error, Equatable, Sendable {
  /// What is wrong, for people.
  package let message: String
}

extension TransitRealtime_FeedMessage {
  /// A whole message of a moment.
  init(version: String, at instant: Instant, entities: [TransitRealtime_FeedEntity]) {
    self.init()
    header.gtfsRealtimeVersion = version
    header.incrementality = .fullDataset
    header.timestamp = UInt64(clamping: instant.seconds)
    entity = entities
  }

  /// Reads a message of any publisher.
  init(reading bytes: [UInt8]) throws(FeedMessageFault) {
    do {
      try self.init(serializedBytes: bytes)
    } catch {
      throw FeedMessageFault(message: "is no GTFS-Realtime message: \(error)")
    }
  }

  /// When the message was made.
  var madeAt: Instant { Instant(seconds: Int64(clamping: header.timestamp)) }

  /// The message as protobuf.
  var bytes: [UInt8] {
    do {
      return try serializedBytes()
    } catch {
      preconditionFailure("every required field is set, and yet: \(error)")
    }
  }

  /// The message as the JSON form of protobuf (names as in the specification).
  var json: [UInt8] {
    var options = JSONEncodingOptions()
    options.preserveProtoFieldNames = true
    options.useDeterministicOrdering = true
    do {
      return try jsonUTF8Bytes(options: options)
    } catch {
      preconditionFailure("every required field is set, and yet: \(error)")
    }
  }
}

extension Day {
  /// The date as GTFS writes it: `20261122`.
  var feedText: String {
    let (year, month, day) = civil
    return padded(year, 4) + padded(month, 2) + padded(day, 2)
  }
}

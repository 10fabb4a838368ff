package import Basics
import SwiftProtobuf

/// A GTFS-Realtime message of trip updates.
package struct TripUpdatesMessage: Hashable, Sendable {
  /// Version of the specification: `2.0`.
  package var version: String
  /// When the message was made, cut to the second.
  package var at: Instant
  package var updates: [TripUpdate]
}

/// Trip updates as GTFS-Realtime 2.0, as protobuf and as JSON.
package enum TripUpdatesFeed {
  /// The message at a moment: the newest update of each vehicle, by its id, without those of vehicles
  /// too old for the vehicle positions.
  ///
  /// Two vehicles that name the same run are both left out: a run has one update, and nothing says
  /// which of them drives it.
  package static func message(_ updates: [TripUpdate], at instant: Instant) -> TripUpdatesMessage {
    var newest: [String: TripUpdate] = [:]
    for update in updates {
      let ageSecondsMax = Double(VehiclePositionsFeed.ageSecondsMax)
      guard instant.secondsSince(update.at) <= ageSecondsMax else { continue }
      if let old = newest[update.vehicle], old.at >= update.at { continue }
      newest[update.vehicle] = update
    }
    let runs = Dictionary(grouping: newest.values) { Run(trip: $0.trip, startDay: $0.startDay) }
    return TripUpdatesMessage(
      version: VehiclePositionsFeed.version, at: instant,
      updates: runs.values.filter { $0.count == 1 }.flatMap { $0 }
        .sorted { $0.vehicle < $1.vehicle })
  }

  /// The message as protobuf.
  package static func encode(_ message: TripUpdatesMessage) -> [UInt8] {
    feedMessage(message).bytes
  }

  /// The message as the JSON form of protobuf (names as in the specification).
  package static func encodeJSON(_ message: TripUpdatesMessage) -> [UInt8] {
    feedMessage(message).json
  }

  /// Reads a message; entities that are no update of a trip named whole, as Kvytok names it, are left
  /// out.
  package static func decode(_ bytes: [UInt8]) throws(FeedMessageFault) -> TripUpdatesMessage {
    let message = try TransitRealtime_FeedMessage(reading: bytes)
    return TripUpdatesMessage(
      version: message.header.gtfsRealtimeVersion, at: message.madeAt,
      updates: message.entity.compactMap(update))
  }

  /// One run of a trip.
  private struct Run: Hashable {
    let trip: String
    let startDay: Day
  }
}

// MARK: Out

extension TripUpdatesFeed {
  private static func feedMessage(_ message: TripUpdatesMessage) -> TransitRealtime_FeedMessage {
    TransitRealtime_FeedMessage(
      version: message.version, at: message.at,
      entities: message.updates.map { update in
        .with { entity in
          entity.id = update.vehicle
          entity.tripUpdate = tripUpdate(update)
        }
      })
  }

  private static func tripUpdate(_ update: TripUpdate) -> TransitRealtime_TripUpdate {
    .with { told in
      told.trip.tripID = update.trip
      told.trip.routeID = update.route
      told.trip.directionID = UInt32(clamping: update.direction)
      told.trip.startDate = update.startDay.feedText
      told.trip.startTime = clockText(seconds: update.startSeconds)
      told.trip.scheduleRelationship = .scheduled
      told.vehicle.id = update.vehicle
      told.vehicle.label = update.label ?? update.vehicle
      told.timestamp = UInt64(clamping: update.at.seconds)
      told.delay = Int32(clamping: update.delaySeconds)
      told.stopTimeUpdate = update.calls.map { call in
        .with { stop in
          stop.stopSequence = UInt32(clamping: call.sequence)
          stop.stopID = call.stop
          if let arrival = call.arrival { stop.arrival = event(arrival) }
          if let departure = call.departure { stop.departure = event(departure) }
        }
      }
    }
  }

  private static func event(
    _ event: TripUpdate.Event
  ) -> TransitRealtime_TripUpdate.StopTimeEvent {
    .with { told in
      told.delay = Int32(clamping: event.delaySeconds)
      told.time = event.at.seconds
      // By the specification 0 is certain; how sure the rest is, is not known and not told.
      if event.isObserved { told.uncertainty = 0 }
    }
  }
}

// MARK: In

extension TripUpdatesFeed {
  private static func update(_ entity: TransitRealtime_FeedEntity) -> TripUpdate? {
    guard entity.hasTripUpdate, !entity.isDeleted else { return nil }
    let told = entity.tripUpdate
    guard told.trip.hasTripID, told.trip.hasRouteID, told.trip.hasDirectionID,
      let startDay = Day(told.trip.startDate), let startSeconds = seconds(told.trip.startTime)
    else { return nil }
    return TripUpdate(
      vehicle: told.vehicle.hasID ? told.vehicle.id : entity.id,
      label: told.vehicle.hasLabel ? told.vehicle.label : nil,
      at: Instant(seconds: Int64(clamping: told.timestamp)), trip: told.trip.tripID,
      route: told.trip.routeID, direction: Int(told.trip.directionID), startDay: startDay,
      startSeconds: startSeconds, delaySeconds: Int(told.delay),
      calls: told.stopTimeUpdate.map { stop in
        TripUpdate.Call(
          sequence: Int(stop.stopSequence), stop: stop.stopID,
          arrival: stop.hasArrival ? event(stop.arrival) : nil,
          departure: stop.hasDeparture ? event(stop.departure) : nil)
      })
  }

  private static func event(
    _ told: TransitRealtime_TripUpdate.StopTimeEvent
  ) -> TripUpdate.Event {
    TripUpdate.Event(
      at: Instant(seconds: told.time), delaySeconds: Int(told.delay),
      isObserved: told.hasUncertainty && told.uncertainty == 0)
  }

  /// Seconds of a day from `hh:mm:ss`; hours may pass 24.
  private static func seconds(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2],
      (0...99).contains(hours), (0...59).contains(minutes), (0...59).contains(seconds)
    else { return nil }
    return hours * 3600 + minutes * 60 + seconds
  }
}

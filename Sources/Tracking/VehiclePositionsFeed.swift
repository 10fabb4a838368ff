package import Basics
import SwiftProtobuf

/// A GTFS-Realtime message of vehicle positions.
package struct VehiclePositionsMessage: Hashable, Sendable {
  /// Version of the specification: `2.0`.
  package var version: String
  /// When the message was made, cut to the second.
  package var at: Instant
  package var vehicles: [VehicleStatus]
}

/// Vehicle positions as GTFS-Realtime 2.0, as protobuf and as JSON.
package enum VehiclePositionsFeed {
  /// Version of the specification.
  package static let version = "2.0"
  /// A vehicle not heard of for longer is left out, seconds; the specification's best practices say
  /// 90.
  package static let ageSecondsMax: Int64 = 90

  /// The message at a moment: the newest status of each vehicle, by its id, without stale ones.
  package static func message(
    _ statuses: [VehicleStatus], at instant: Instant
  ) -> VehiclePositionsMessage {
    var newest: [String: VehicleStatus] = [:]
    for status in statuses {
      guard instant.secondsSince(status.at) <= Double(ageSecondsMax) else { continue }
      if let old = newest[status.vehicle], old.at >= status.at { continue }
      newest[status.vehicle] = status
    }
    return VehiclePositionsMessage(
      version: version, at: instant,
      vehicles: newest.values.sorted { $0.vehicle < $1.vehicle })
  }

  /// The message as protobuf.
  package static func encode(_ message: VehiclePositionsMessage) -> [UInt8] {
    feedMessage(message).bytes
  }

  /// The message as the JSON form of protobuf (names as in the specification).
  package static func encodeJSON(_ message: VehiclePositionsMessage) -> [UInt8] {
    feedMessage(message).json
  }

  /// Reads a message of any publisher; entities that are no vehicle with a position are left out.
  package static func decode(
    _ bytes: [UInt8]
  ) throws(FeedMessageFault) -> VehiclePositionsMessage {
    let message = try TransitRealtime_FeedMessage(reading: bytes)
    return VehiclePositionsMessage(
      version: message.header.gtfsRealtimeVersion, at: message.madeAt,
      vehicles: message.entity.compactMap(status))
  }
}

// MARK: Out

extension VehiclePositionsFeed {
  private static func feedMessage(
    _ message: VehiclePositionsMessage
  ) -> TransitRealtime_FeedMessage {
    TransitRealtime_FeedMessage(
      version: message.version, at: message.at,
      entities: message.vehicles.map { vehicle in
        .with { entity in
          entity.id = vehicle.vehicle
          entity.vehicle = vehiclePosition(vehicle)
        }
      })
  }

  private static func vehiclePosition(
    _ status: VehicleStatus
  ) -> TransitRealtime_VehiclePosition {
    .with { vehicle in
      vehicle.vehicle.id = status.vehicle
      vehicle.vehicle.label = status.label ?? status.vehicle
      vehicle.timestamp = UInt64(clamping: status.at.seconds)
      vehicle.position.latitude = Float(status.coordinate.latitude)
      vehicle.position.longitude = Float(status.coordinate.longitude)
      if let bearing = status.bearingDegrees { vehicle.position.bearing = Float(bearing) }
      if let speed = status.speedMetresPerSecond { vehicle.position.speed = Float(speed) }
      if status.trip != nil || status.route != nil { vehicle.trip = tripDescriptor(status) }
      if let stop = status.stop { vehicle.stopID = stop }
      if let sequence = status.stopSequence {
        vehicle.currentStopSequence = UInt32(clamping: sequence)
      }
      switch status.progress {
      case .incomingAt: vehicle.currentStatus = .incomingAt
      case .stoppedAt: vehicle.currentStatus = .stoppedAt
      case .inTransitTo: vehicle.currentStatus = .inTransitTo
      case nil: break
      }
    }
  }

  private static func tripDescriptor(_ status: VehicleStatus) -> TransitRealtime_TripDescriptor {
    .with { trip in
      if let id = status.trip {
        trip.tripID = id
        if let day = status.startDay { trip.startDate = day.feedText }
      }
      if let route = status.route { trip.routeID = route }
      if let direction = status.direction { trip.directionID = UInt32(clamping: direction) }
    }
  }
}

// MARK: In

extension VehiclePositionsFeed {
  private static func status(_ entity: TransitRealtime_FeedEntity) -> VehicleStatus? {
    guard entity.hasVehicle, entity.vehicle.hasPosition, !entity.isDeleted else { return nil }
    let vehicle = entity.vehicle
    let position = vehicle.position
    var status = VehicleStatus(
      vehicle: vehicle.vehicle.hasID ? vehicle.vehicle.id : entity.id,
      label: vehicle.vehicle.hasLabel ? vehicle.vehicle.label : nil,
      at: Instant(seconds: Int64(clamping: vehicle.timestamp)),
      coordinate: Coordinate(
        latitude: Double(position.latitude), longitude: Double(position.longitude)))
    status.bearingDegrees = position.hasBearing ? Double(position.bearing) : nil
    status.speedMetresPerSecond = position.hasSpeed ? Double(position.speed) : nil
    status.trip = vehicle.trip.hasTripID ? vehicle.trip.tripID : nil
    status.route = vehicle.trip.hasRouteID ? vehicle.trip.routeID : nil
    status.direction = vehicle.trip.hasDirectionID ? Int(vehicle.trip.directionID) : nil
    status.startDay = vehicle.trip.hasStartDate ? Day(vehicle.trip.startDate) : nil
    status.stop = vehicle.hasStopID ? vehicle.stopID : nil
    status.stopSequence =
      vehicle.hasCurrentStopSequence ? Int(vehicle.currentStopSequence) : nil
    if vehicle.hasCurrentStatus {
      switch vehicle.currentStatus {
      case .incomingAt: status.progress = .incomingAt
      case .stoppedAt: status.progress = .stoppedAt
      case .inTransitTo: status.progress = .inTransitTo
      }
    }
    return status
  }
}

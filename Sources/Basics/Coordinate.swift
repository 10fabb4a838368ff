#if canImport(Glibc)
  import Glibc
#endif

/// A point on the earth, WGS 84, in degrees.
package struct Coordinate: Hashable, Sendable {
  /// Degrees north, -90 to 90.
  package var latitude: Double
  /// Degrees east, -180 to 180.
  package var longitude: Double

  /// Makes a point without a check.
  package init(latitude: Double, longitude: Double) {
    self.latitude = latitude
    self.longitude = longitude
  }

  /// Whether the numbers are a point on the earth at all; (0, 0) is a receiver without a fix.
  package var isPlausible: Bool {
    abs(latitude) <= 90 && abs(longitude) <= 180 && !(latitude == 0 && longitude == 0)
  }

  /// Metres to another point on a sphere of 6,371,008.8 m (haversine); within 0.5 % of the ellipsoid.
  package func metres(to other: Coordinate) -> Double {
    let radians = Double.pi / 180
    let sinLatitude = sin((other.latitude - latitude) * radians / 2)
    let sinLongitude = sin((other.longitude - longitude) * radians / 2)
    let square =
      sinLatitude * sinLatitude + cos(latitude * radians) * cos(other.latitude * radians)
      * sinLongitude * sinLongitude
    return 2 * 6_371_008.8 * asin(min(1, square.squareRoot()))
  }
}

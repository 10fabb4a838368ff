import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Metres between two points on the WGS 84 ellipsoid, by Lambert's formula for long lines.
///
/// Within a few metres over a thousand kilometres; distance bands of tariffs need that much, since a
/// sphere is up to 0.5 % off. Source: W. D. Lambert 1942, as restated by P. D. Thomas 1965.
func ellipsoidMetres(_ first: Coordinate, _ second: Coordinate) -> Double {
  guard first != second else { return 0 }
  let radius = 6_378_137.0
  let flattening = 1 / 298.257_223_563
  let radians = Double.pi / 180
  let betaFirst = atan((1 - flattening) * tan(first.latitude * radians))
  let betaSecond = atan((1 - flattening) * tan(second.latitude * radians))
  let sinLatitude = sin((betaSecond - betaFirst) / 2)
  let sinLongitude = sin((second.longitude - first.longitude) * radians / 2)
  let square =
    sinLatitude * sinLatitude + cos(betaFirst) * cos(betaSecond) * sinLongitude * sinLongitude
  let sigma = 2 * asin(min(1, square.squareRoot()))
  guard sigma > 1e-12, sigma < Double.pi - 1e-6 else { return radius * sigma }
  let sinP = sin((betaFirst + betaSecond) / 2)
  let cosP = cos((betaFirst + betaSecond) / 2)
  let sinQ = sinLatitude
  let cosQ = cos((betaSecond - betaFirst) / 2)
  let cosHalf = cos(sigma / 2)
  let sinHalf = sin(sigma / 2)
  let sinSigma = sin(sigma)
  let x = (sigma - sinSigma) * sinP * sinP * cosQ * cosQ / (cosHalf * cosHalf)
  let y = (sigma + sinSigma) * cosP * cosP * sinQ * sinQ / (sinHalf * sinHalf)
  return radius * (sigma - flattening / 2 * (x + y))
}

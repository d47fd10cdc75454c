//! The picture of a signature.

use super::*;

stories! {
    async fn a_signature_is_served_as_svg_and_png(house: House) {
        let (order, _, op) = signed(&house).await;
        let li = house.li().await;
        let at = |ending: &str| format!("/v1/work-orders/{order}/signatures/{op}{ending}");
        let svg = file(&li, &at(""), "*/*", "en").await;
        assert_eq!((svg.status, svg.header("content-type")), (StatusCode::OK, "image/svg+xml"));
        assert!(svg.text().starts_with("<svg ") && svg.text().contains("stroke-width"));
        let png = file(&li, &at(""), "image/png", "en").await;
        assert_eq!((png.header("content-type"), &png.bytes[1..4]), ("image/png", &b"PNG"[..]));
        assert_eq!(file(&li, &at(".png"), "image/svg+xml", "en").await.bytes, png.bytes, "the ending goes first");
        assert_eq!(file(&li, &at(".svg"), "image/png", "en").await.bytes, svg.bytes);

        assert_eq!(svg.header("cache-control"), "private, max-age=31536000, immutable");
        assert_eq!(svg.header("x-content-type-options"), "nosniff");
        let request = li.client.get(format!("{}{}", li.base, at(".png"))).bearer_auth(&li.token);
        let again = fetched(request.header("if-none-match", png.header("etag"))).await;
        assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    }

    async fn only_signatures_of_the_order_are_pictures_of_it(house: House) {
        let (order, _, op) = signed(&house).await;
        let other = house.request(house.firm.plumbing).await;
        let li = house.li().await;
        for path in [
            format!("/v1/work-orders/{other}/signatures/{op}"),
            format!("/v1/work-orders/{order}/signatures/{order}"),
            format!("/v1/work-orders/{order}/signatures/{op}.jpg"),
            format!("/v1/work-orders/{order}/signatures/.png"),
        ] {
            assert_eq!(li.get(&path).await.problem(404), "not_found", "{path}");
        }
    }
}

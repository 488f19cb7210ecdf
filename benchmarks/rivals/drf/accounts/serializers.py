from rest_framework import serializers
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer

from .models import User


class CardSerializer(serializers.ModelSerializer):
    """What everyone signed in may know of a user."""

    class Meta:
        model = User
        fields = ["id", "username", "first_name", "last_name", "role"]


class PublicNameSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "first_name", "last_name"]


class SignInSerializer(TokenObtainPairSerializer):
    def validate(self, attrs):
        tokens = super().validate(attrs)
        return {"access_token": tokens["access"], "refresh_token": tokens["refresh"], "token_type": "Bearer"}
